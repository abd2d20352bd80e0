import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { freePort } from '../../../scripts/services/free-port.ts';
import { processStart } from '../../../scripts/services/process-identity.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const START = join(ROOT, 'scripts/start.ts');

let env: NodeJS.ProcessEnv;
let state: string;
const running = new Set<ChildProcess>();

beforeEach(async () => {
  state = join(inject('temporaryDirectory'), `state-${Date.now()}`);
  env = { ...process.env, ROSTRUM_STATE: state, ROSTRUM_ADDRESS: `localhost:${await freePort()}` };
  delete env.DATABASE_URL;
  delete env.REDIS_URL;
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs `npm start` without npm; `text` grows as it prints. */
function start() {
  const child = spawn(process.execPath, [START], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let text = '';
  let errors = '';
  child.stderr.on('data', (more: string) => {
    errors += more;
  });
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      for (const listener of heard) listener();
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  const says = (words: string, times = 1) =>
    new Promise<void>((resolve, reject) => {
      const look = () => text.split(words).length > times && resolve();
      heard.add(look);
      look();
      void ended.then(() => reject(new Error(`it ended without saying "${words}":\n${text}`)));
    });
  return { child, ended, says, text: () => text, errors: () => errors };
}

/** The process that said last that it serves, in what `npm start` showed of the server's log. */
function serverProcess(shown: string): number {
  const listening = shown.split('\n').findLast((line) => line.includes('"listening"')) ?? '{}';
  return (JSON.parse(listening) as { pid: number }).pid;
}

/** The processes whose ids are in the files of the state, which are those of the stores. */
function storeProcesses(): number[] {
  const postgres = readFileSync(join(state, 'postgres/postmaster.pid'), 'utf8').split('\n')[0];
  const redis = /pid=(\d+)/.exec(readFileSync(join(state, 'redis.log'), 'utf8'))?.[1];
  return [Number(postgres), Number(redis)];
}

test('npm start serves a sample board, refuses a second start, stops everything and keeps the data until it is reset', async () => {
  const first = start();
  await first.says('keeps the data');
  expect(first.text()).toContain('npx rostrum top demo');
  expect(first.text()).toContain('demo, with 8 players');
  const stores = storeProcesses();
  expect(stores.map((pid) => processStart(pid))).not.toContain(undefined);

  const second = spawnSync(process.execPath, [START], { cwd: ROOT, env, encoding: 'utf8' });
  expect(second.status).toBe(1);
  expect(second.stderr).toContain(`already runs from this checkout, at ${env.ROSTRUM_ADDRESS}`);

  const reset = () =>
    spawnSync(process.execPath, [join(ROOT, 'scripts/reset-data.ts')], { cwd: ROOT, env });
  expect(reset().status).toBe(1);
  expect(existsSync(join(state, 'postgres'))).toBe(true);

  first.child.kill('SIGINT');
  expect(await first.ended).toBe(0);
  expect(first.text()).toContain('Everything that was started has stopped');
  expect(stores.map((pid) => processStart(pid))).toEqual([undefined, undefined]);
  expect(existsSync(join(state, 'lock.json'))).toBe(false);

  const third = start();
  await third.says('keeps the data');
  expect(third.text()).toContain('demo, kept with 8 players');
  const top = ['top', 'demo', '--json'];
  const shown = spawnSync(process.execPath, [join(ROOT, 'clients/cli/bin/rostrum.js'), ...top], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
  });
  expect(shown.stdout, shown.stderr).toContain('"ada"');
  // The sample was not counted a second time.
  const counts = [...shown.stdout.matchAll(/"submissionCount":\s*"?(\d+)/g)].map(
    (match) => match[1],
  );
  expect(counts).toEqual(Array(8).fill('1'));
  third.child.kill('SIGTERM');
  expect(await third.ended).toBe(0);

  expect(reset().status).toBe(0);
  const fourth = start();
  await fourth.says('keeps the data');
  expect(fourth.text()).toContain('demo, with 8 players');
  fourth.child.kill('SIGTERM');
  expect(await fourth.ended).toBe(0);
});

test('a server that ends by itself is started again, and given up when that happens too often', async () => {
  env.ROSTRUM_LOG = 'stdout';
  const run = start();
  await run.says('keeps the data');
  process.kill(serverProcess(run.text()), 'SIGKILL');
  await run.says('The server ended by itself (SIGKILL); starting it again');
  await run.says('The server runs again');
  const show = [join(ROOT, 'clients/cli/bin/rostrum.js'), 'top', 'demo', '--json'];
  const shown = spawnSync(process.execPath, show, { cwd: ROOT, env, encoding: 'utf8' });
  expect(shown.stdout, shown.stderr).toContain('"ada"');

  for (const again of [2, 3]) {
    process.kill(serverProcess(run.text()), 'SIGKILL');
    await run.says('The server runs again', again);
  }
  process.kill(serverProcess(run.text()), 'SIGKILL');
  expect(await run.ended).toBe(1);
  const told = run.errors().trimEnd().split('\n');
  expect(told.at(-1)).toMatch(
    /^The server ended by itself 4 times within 30 s \(SIGKILL\).*npm start$/,
  );
  expect(told.length).toBeLessThan(12);
  expect(run.errors()).not.toMatch(/^ *at /m);
  expect(existsSync(join(state, 'lock.json'))).toBe(false);
});

test('after a wish to stop, no step says anything more', async () => {
  const run = start();
  await run.says('✓ Certificates');
  run.child.kill('SIGINT');
  expect(await run.ended).toBe(0);
  const [, afterwards] = run.text().split('Stopping ...');
  expect(afterwards?.trim()).toBe('Everything that was started has stopped; the data is kept.');
});

test('what npm start brought up ends even when npm start is killed', async () => {
  const killed = start();
  await killed.says('keeps the data');
  const stores = storeProcesses();
  killed.child.kill('SIGKILL');
  await killed.ended;
  await expect
    .poll(() => stores.map((pid) => processStart(pid)), { timeout: 20_000 })
    .toEqual([undefined, undefined]);

  const next = start();
  await next.says('keeps the data');
  next.child.kill('SIGINT');
  expect(await next.ended).toBe(0);
});
