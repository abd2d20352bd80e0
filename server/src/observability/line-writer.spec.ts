import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

const MODULE = new URL('./line-writer.ts', import.meta.url);

/** What runs `code`, with a writer to its standard output, once its input is closed. */
function commandOf(code: string): [string, ...string[]] {
  const script = `
    import { LineWriter } from ${JSON.stringify(MODULE.href)};
    const writer = new LineWriter(1);
    process.stdin.resume().once('end', () => { ${code} });
    process.stderr.write('ready');`;
  return [process.execPath, '--input-type=module', '-e', script];
}

function start(code: string) {
  const [node, ...args] = commandOf(code);
  const child = spawn(node, args);
  return { child, ready: once(child.stderr, 'data'), ended: once(child, 'exit') };
}

const MANY = "for (let at = 0; at < 1000; at += 1) writer.write(at + '\\n');";

it('writes every line in order, also those that wait when the process ends', async () => {
  const { child } = start(`${MANY} process.exit(3);`);
  child.stdin.end();
  const lines = (await text(child.stdout)).split('\n');
  expect(lines).toEqual([...Array.from({ length: 1000 }, (_, at) => String(at)), '']);
});

it('lets the process end when the reader is gone', async () => {
  const { child, ready, ended } = start(`${MANY} process.exit(3);`);
  await ready;
  child.stdout.destroy();
  child.stdin.end();
  try {
    expect(await ended).toEqual([3, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

it('does not fail when the reader goes while the process runs', async () => {
  const { child, ready, ended } = start(`
    ${MANY}
    setTimeout(() => { ${MANY} process.exit(3); }, 100);`);
  await ready;
  child.stdout.destroy();
  child.stdin.end();
  expect(await ended).toEqual([3, null]);
});

it('writes whole lines again when a disk that was full has room', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rostrum-full-log-'));
  const file = join(directory, 'log');
  const log = openSync(file, 'a');
  // A file may have 512 bytes here: the disk is full for what comes after them.
  const code = `${MANY} setInterval(() => writer.write('room again\\n'), 10);`;
  const child = spawn('sh', ['-c', 'ulimit -f 1; exec "$@"', 'sh', ...commandOf(code)], {
    stdio: ['pipe', log, 'ignore'],
  });
  child.stdin?.end();
  try {
    let lines: string[] = [];
    await expect
      .poll(
        () => {
          if (fstatSync(log).size >= 512) truncateSync(file, 100);
          lines = readFileSync(file, 'utf8').split('\n');
          return lines;
        },
        { timeout: 10_000 },
      )
      .toContain('room again');
    // A line that was cut is followed by none on the same line.
    const strange = lines.filter((line) => !/^\d*$/.test(line) && !'room again'.startsWith(line));
    expect(strange).toEqual([]);
    expect(child.exitCode).toBeNull();
  } finally {
    child.kill('SIGKILL');
    closeSync(log);
    rmSync(directory, { recursive: true });
  }
});
