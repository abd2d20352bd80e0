import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../foreground.ts';
import { neededPackages } from './installed-packages.ts';

test('finds what the command needs, through the SDK and where Node would find it', () => {
  const needed = neededPackages(ROOT, 'clients/cli');
  expect(needed).toContain('node_modules/@grpc/grpc-js');
  expect(needed).toContain('node_modules/protobufjs'); // which only others need
  expect(needed).toContain('clients/cli/node_modules/commander'); // not that of other packages
  expect(needed.filter((path) => path.includes('@rostrum'))).toEqual([]);
  expect(needed.filter((path) => /vitest|typescript|ioredis/.test(path))).toEqual([]);
  expect(needed.filter((path) => !existsSync(join(ROOT, path, 'package.json')))).toEqual([]);
});

test('says what package-lock.json lacks', () => {
  const checkout = mkdtempSync(join(tmpdir(), 'rostrum-lock-'));
  try {
    const packages = { app: { dependencies: { one: '1' } }, 'node_modules/two': {} };
    writeFileSync(join(checkout, 'package-lock.json'), JSON.stringify({ packages }));
    expect(() => neededPackages(checkout, 'app')).toThrow('package-lock.json lacks one, for app');
  } finally {
    rmSync(checkout, { recursive: true });
  }
});
