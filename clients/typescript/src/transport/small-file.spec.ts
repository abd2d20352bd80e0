import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { certificatePath, clientOptions } from '../../test/scripted-server.js';
import { RostrumClient } from '../index.js';
import { readSmallFile } from './small-file.js';

let directory: string;
const file = (name: string) => join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'rostrum-small-file-'));
  execFileSync('mkfifo', [file('pipe')]);
  writeFileSync(file('2 GiB'), '-----BEGIN CERTIFICATE-----\n');
  truncateSync(file('2 GiB'), 2 ** 31);
});
afterAll(() => rmSync(directory, { recursive: true }));

it.each([
  ['/dev/zero', 'it is a device, not a file'],
  ['pipe', 'it is a pipe, not a file'],
  ['2 GiB', 'it has more than 1 MiB'],
  ['.', 'it is a directory, not a file'],
])('a client is not made of %s, and does not wait for it', (name, why) => {
  const { tls } = clientOptions({ address: 'localhost:1' });
  const path = name.startsWith('/') ? name : file(name);
  for (const part of ['ca', 'cert', 'key'] as const) {
    expect(() => RostrumClient.connect({ tls: tls && { ...tls, [part]: path } })).toThrow(
      expect.objectContaining({
        reason: 'CERTIFICATE_INVALID',
        message: expect.stringMatching(
          new RegExp(` ${part === 'key' ? 'key' : 'certificate'} .* cannot be used: ${why}$`),
        ),
      }),
    );
  }
});

it('links to files are read, as volumes are mounted by them, and files up to 1 MiB', () => {
  symlinkSync(certificatePath('.'), file('..data'));
  symlinkSync(join('..data', 'ca.crt'), file('ca.crt'));
  expect(readSmallFile(file('ca.crt')).toString()).toContain('BEGIN CERTIFICATE');
  const whole = Buffer.alloc(1024 * 1024, 'x');
  writeFileSync(file('1 MiB'), whole);
  expect(readSmallFile(file('1 MiB')).equals(whole)).toBe(true);
  // Its size is told as 0.
  expect(readSmallFile('/proc/self/status').toString()).toContain('VmRSS');
});
