// node scripts/bootstrap.mjs <script.ts> [arguments]
//
// Runs a TypeScript script of this repository on a machine that has nothing but Node (18 or later)
// and npm: installs the packages if they are missing or not those of package-lock.json, builds, and
// runs the script with the pinned Node of node_modules. Plain JavaScript without dependencies,
// because it runs before anything is installed and on whatever Node there is.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BIN = join(ROOT, 'node_modules', '.bin');
const NODE = join(BIN, 'node');

const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  console.error('usage: node scripts/bootstrap.mjs <script.ts> [arguments]');
  process.exit(2);
}

const missing = whatIsMissing();
if (missing !== undefined) await install(missing);
await build();
await finishWith(await run(NODE, [join(ROOT, script), ...args], process.env));

/** Says what differs between package-lock.json and node_modules; undefined when nothing does. */
function whatIsMissing() {
  const wanted = readLock('package-lock.json');
  // npm writes down what it has installed here, as the last thing it does.
  const installed = readLock(join('node_modules', '.package-lock.json'));
  if (installed === undefined) return 'no packages are installed yet';
  for (const [path, { version, optional }] of Object.entries(wanted ?? {})) {
    if (path === '' || optional) continue; // optional ones depend on the machine
    if (installed[path]?.version !== version) return `${path} is not as in package-lock.json`;
  }
  const node = spawnSync(NODE, ['--version'], { encoding: 'utf8' });
  if (node.status !== 0) return 'the pinned Node is not installed';
  return undefined;
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
}

async function install(why) {
  const started = Date.now();
  await ensureLibatomic();
  console.log(`Installing packages (${why}): npm ci`);
  // Not the Node of node_modules, which npm ci removes first.
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => entry !== BIN);
  const env = { ...process.env, PATH: path.join(delimiter) };
  // Development packages are needed even where NODE_ENV says production.
  const options = ['--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  // Its warnings about the Node of the machine do not matter: the pinned one is what runs here.
  options.push('--loglevel=error');
  const end = await run('npm', ['ci', ...options], env);
  if (end.code !== 0) {
    console.error('npm ci failed; see above. Nothing else was done.');
    await finishWith(end.code === null ? end : { ...end, code: end.code || 1 });
  }
  console.log(`Installed in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
}

/**
 * Node 26 for Linux needs the library libatomic, which older ones did without and small systems
 * lack. Without it npm ci fails half-way, with a message that tells little.
 */
async function ensureLibatomic() {
  if (process.platform !== 'linux') return;
  const ldconfig = ['/sbin/ldconfig', '/usr/sbin/ldconfig'].find((path) => existsSync(path));
  if (ldconfig === undefined) return;
  const libraries = spawnSync(ldconfig, ['-p'], { encoding: 'utf8' });
  if (libraries.status !== 0 || libraries.stdout.includes('libatomic.so.1')) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('Installing the package libatomic1, which Node 26 needs: apt-get');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const aptGet = (...words) => spawnSync('apt-get', words, { env, encoding: 'utf8' });
    const install = () => aptGet('install', '-y', '--no-install-recommends', 'libatomic1');
    if (install().status === 0) return;
    aptGet('update'); // a fresh image has no package lists
    const { status, stdout, stderr } = install();
    if (status === 0) return;
    console.error(`${stdout}${stderr}`);
  }
  console.error(
    [
      'The library libatomic is missing, which Node 26 needs. Install it, then try again:',
      '  Debian, Ubuntu:  sudo apt-get install libatomic1',
      '  Fedora, RHEL:    sudo dnf install libatomic',
    ].join('\n'),
  );
  process.exit(1);
}

async function build() {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const end = await run(NODE, [tsc, '-b', 'server', 'clients/cli'], process.env);
  if (end.code === 0) return;
  if (end.signal === null) console.error('The build failed; see above.');
  await finishWith(end);
}

/**
 * Runs a program in the foreground and waits for it, whatever signals come in the meantime: those
 * sent to this process alone are passed on, and Ctrl-C reaches both from the terminal.
 */
function run(command, commandArgs, env) {
  return new Promise((resolve) => {
    const child = spawn(command, commandArgs, { cwd: ROOT, env, stdio: 'inherit' });
    const forward = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    // npm that is killed takes nobody with it: without this, its script would run on unseen.
    const parent = process.env.npm_lifecycle_event === undefined ? undefined : process.ppid;
    const orphanCheck = setInterval(() => {
      if (parent !== undefined && process.ppid !== parent) child.kill('SIGTERM');
    }, 1_000);
    const finish = (end) => {
      clearInterval(orphanCheck);
      for (const signal of signals) process.off(signal, forward);
      resolve(end);
    };
    child.once('error', (error) => {
      console.error(`cannot run ${command}: ${error.message}`);
      finish({ code: 127, signal: null });
    });
    child.once('exit', (code, signal) => finish({ code, signal }));
  });
}

/** Ends this process as the program ended: with its code, or by its signal. */
async function finishWith({ code, signal }) {
  if (signal === null) process.exit(code ?? 1);
  process.kill(process.pid, signal);
  await new Promise(() => setTimeout(() => process.exit(1), 1_000));
}
