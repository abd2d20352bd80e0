// npm run pack [-- <directory>]: makes files of the SDK and of the command that npm installs
// anywhere, without this checkout and without asking a registry for them, a file of the Go module to
// unpack beside another, and a wheel for Python, where that is installed. The default is packed/.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from './foreground.ts';
import { neededPackages } from './pack/installed-packages.ts';
import { temporaryDirectory } from './services/temporary-directory.ts';

const SDK = '@rostrum/client';

const destination = resolve(process.argv[2] ?? join(ROOT, 'packed'));
mkdirSync(destination, { recursive: true });
const stage = temporaryDirectory('rostrum-pack-');
try {
  const sdk = join(stage.path, 'typescript');
  const command = join(stage.path, 'cli');
  layOut('clients/typescript', sdk);
  layOut('clients/cli', command);
  // The command brings the SDK along: npm would ask the registry for it otherwise. npm takes it that
  // a package brought along brings what it needs itself, so all the others come too.
  cpSync(sdk, join(command, 'node_modules', SDK), { recursive: true });
  for (const path of neededPackages(ROOT, 'clients/cli')) {
    const inside = path.replace('clients/cli/', '');
    cpSync(join(ROOT, path), join(command, inside), { recursive: true });
  }
  edit(join(command, 'package.json'), (manifest) => ({ ...manifest, bundleDependencies: true }));
  for (const directory of [sdk, command]) console.log(join(destination, pack(directory)));
  console.log(join(destination, packGo()));
  console.log(packPython());
} finally {
  stage.remove();
}

/** Puts a package, built anew, where nothing else is: what an older build left is not packed. */
function layOut(workspace: string, directory: string): void {
  mkdirSync(directory);
  const from = join(ROOT, workspace);
  const { files } = readManifest(join(from, 'package.json'));
  for (const name of new Set(['package.json', 'README.md', ...files])) {
    if (name === 'dist') continue;
    cpSync(join(from, name), join(directory, name), {
      recursive: true,
      filter: (path) => !path.endsWith('.spec.ts'),
    });
  }
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const buildInfo = join(stage.path, 'build-info');
  const output = ['--outDir', join(directory, 'dist'), '--tsBuildInfoFile', buildInfo];
  run(process.execPath, [tsc, '-p', from, ...output], ROOT);
}

/** Returns the name of the file. */
function pack(directory: string): string {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination];
  const answer: unknown = JSON.parse(run('npm', args, directory));
  // A list, or since npm 11 perhaps an object by names.
  const [packed] = Object.values(answer as Record<string, { filename: string }>);
  if (packed === undefined) throw new Error(`npm pack says nothing of a file in ${directory}`);
  return packed.filename;
}

/** Returns the name of the file: the module without what only the checkout can run. */
function packGo(): string {
  const from = join(ROOT, 'clients/go');
  const [, version] = /Version = "(.+)"/.exec(readFileSync(join(from, 'doc.go'), 'utf8')) ?? [];
  const name = `rostrum-go-${version}`;
  const left = new Set(['internal', 'tools', 'buf.gen.yaml'].map((part) => join(from, part)));
  cpSync(from, join(stage.path, name), {
    recursive: true,
    filter: (path) => !left.has(path) && !path.endsWith('_test.go'),
  });
  run('tar', ['-czf', join(destination, `${name}.tar.gz`), name], stage.path);
  return `${name}.tar.gz`;
}

/** Returns the path of the wheel, or why there is none. */
function packPython(): string {
  const needs = 'import ensurepip, sys; assert sys.version_info >= (3, 10)';
  if (spawnSync('python3', ['-c', needs]).status !== 0) {
    return 'no wheel: there is no python3 of 3.10 or later with venv';
  }
  const environment = join(stage.path, 'venv');
  run('python3', ['-m', 'venv', environment], ROOT);
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'wheel', '--quiet', '--no-deps'];
  const from = join(ROOT, 'clients/python');
  run(join(environment, 'bin/python'), [...pip, '--wheel-dir', destination, from], ROOT);
  const [, version] =
    /^version = "(.+)"$/m.exec(readFileSync(join(from, 'pyproject.toml'), 'utf8')) ?? [];
  return join(destination, `rostrum_client-${version}-py3-none-any.whl`);
}

interface Manifest {
  readonly files: readonly string[];
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
}

function edit(file: string, change: (manifest: Manifest) => object): void {
  writeFileSync(file, `${JSON.stringify(change(readManifest(file)), null, 2)}\n`);
}

/** Returns what a program prints. @throws Error with all of it when it fails */
function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error) throw error;
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
}
