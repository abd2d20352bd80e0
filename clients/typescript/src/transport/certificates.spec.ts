import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testCertificates } from '../../../../server/test/support/test-certificates.ts';
import { Certificates } from './certificates.js';

let directory: string;
const file = (name: string) => join(directory, name);
const paths = () => ({ ca: file('ca.crt'), cert: file('own.crt'), key: file('own.key') });

function put(identity: 'writer' | 'reader', parts: readonly ('cert' | 'key')[]): void {
  const files = testCertificates(identity);
  copyFileSync(files.ca, file('ca.crt'));
  if (parts.includes('cert')) copyFileSync(files.cert, file('own.crt'));
  if (parts.includes('key')) copyFileSync(files.key, file('own.key'));
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rostrum-certificates-'));
  put('writer', ['cert', 'key']);
});
afterEach(() => rmSync(directory, { recursive: true }));

test('files that are as they were are read once', () => {
  const certificates = new Certificates(paths());
  expect(certificates.current()).toBe(certificates.current());
});

test('a pair is taken when both of its files are there', () => {
  const certificates = new Certificates(paths());
  const first = certificates.current();
  put('reader', ['cert']);
  expect(certificates.current()).toBe(first);
  put('reader', ['key']);
  expect(certificates.current()).not.toBe(first);
});

test('files that cannot be used, or are gone, leave what was there before', () => {
  const certificates = new Certificates(paths());
  const first = certificates.current();
  writeFileSync(file('own.crt'), 'half of a certifi');
  expect(certificates.current()).toBe(first);
  rmSync(file('own.crt'));
  expect(certificates.current()).toBe(first);
});

test('a relative path stands for what it stood for when the client was made', () => {
  const workingDirectory = process.cwd();
  const { ca, cert, key } = paths();
  const of = (path: string) => relative(workingDirectory, path);
  const certificates = new Certificates({ ca: of(ca), cert: of(cert), key: of(key) });
  const first = certificates.current();
  put('reader', ['cert', 'key']);
  try {
    process.chdir('/');
    expect(certificates.current()).not.toBe(first);
  } finally {
    process.chdir(workingDirectory);
  }
});

test('a key that is given in place of its path is refused without being told', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----';
  const make = () => new Certificates({ ...paths(), key });
  expect(make).toThrow('tls.key holds PEM');
  expect(make).not.toThrow('secret');
});
