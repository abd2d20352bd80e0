import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

const MODULE = new URL('./line-writer.ts', import.meta.url);

/** A process that runs `code`, with a writer to its standard output, once its input is closed. */
function start(code: string) {
  const script = `
    import { LineWriter } from ${JSON.stringify(MODULE.href)};
    const writer = new LineWriter(1);
    process.stdin.resume().once('end', () => { ${code} });
    process.stderr.write('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
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
