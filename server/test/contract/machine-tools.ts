import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { expect } from 'vitest';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Where Cargo builds: the crates of other people are compiled once, and kept for the next run. */
export const CARGO_TARGET = join(tmpdir(), 'rostrum-cargo');

/**
 * Skips the test where a machine lacks a tool, and says which; in CI, where all must be, it fails.
 *
 * @param probe a command that succeeds where the tool is there
 */
export function needs(context: TestContext, probe: string): void {
  if (spawnSync('bash', ['-c', probe], { stdio: 'ignore' }).status === 0) return;
  const missing = `this machine has not what it needs: ${probe}`;
  if (process.env.CI) throw new Error(missing);
  context.skip(missing);
}

/** Runs a program, which must succeed. Returns what it writes to its standard output. */
export function run(program: string, args: readonly string[], cwd = ROOT): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(status, `${program} ${args.join(' ')}\n${error ?? ''}${stdout}${stderr}`).toBe(0);
  return stdout;
}
