import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { releaseLock, takeLock } from './lock.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rostrum-lock-'));
  file = join(directory, 'lock.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('while its holder lives, the lock is not given again and tells who has it', () => {
  expect(takeLock(file, 'localhost:1')).toBeUndefined();
  expect(takeLock(file, 'localhost:2')).toMatchObject({ pid: process.pid, address: 'localhost:1' });
  releaseLock(file);
  expect(existsSync(file)).toBe(false);
});

test('a lock whose process is gone, though its number is used again, is taken over', () => {
  takeLock(file, 'localhost:1');
  const earlier = { ...JSON.parse(readFileSync(file, 'utf8')), processStart: 'long ago' };
  writeFileSync(file, JSON.stringify(earlier));
  expect(takeLock(file, 'localhost:2')).toBeUndefined();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ address: 'localhost:2' });
});

test('a lock that was half written is taken over', () => {
  writeFileSync(file, '{"pid":');
  expect(takeLock(file, 'localhost:2')).toBeUndefined();
});
