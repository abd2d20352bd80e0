import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Authority } from './authority.ts';
import { generateCertificates, writePair } from './generate.ts';

let directory: string;
const certificate = (name: string) =>
  new X509Certificate(readFileSync(join(directory, `${name}.crt`)));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rostrum-certificates-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const IDENTITIES = ['server', 'admin', 'writer', 'reader'];

test('makes an authority and an identity of each role, with keys only their owner can read', async () => {
  const { made } = await generateCertificates(directory);
  expect(made).toEqual(['ca', ...IDENTITIES]);
  const ca = certificate('ca');
  expect(ca.ca).toBe(true);
  for (const name of IDENTITIES) {
    const leaf = certificate(name);
    expect(leaf.verify(ca.publicKey), name).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.subjectAltName).toContain(`URI:spiffe://rostrum/${name}/${name}`);
    expect(leaf.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(Date.parse(leaf.validTo) - Date.now()).toBeGreaterThan(300 * 86_400_000);
  }
  expect(certificate('server').checkHost('localhost')).toBe('localhost');
  expect(certificate('server').checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate('server').checkIP('::1')).toBe('::1');
  for (const name of ['ca', ...IDENTITIES]) {
    expect(statSync(join(directory, `${name}.key`)).mode & 0o777).toBe(0o600);
  }
  expect(readdirSync(directory)).toHaveLength(10);
});

test('what is good is kept', async () => {
  await generateCertificates(directory);
  const before = IDENTITIES.map((name) => certificate(name).serialNumber);
  expect((await generateCertificates(directory)).made).toEqual([]);
  expect(IDENTITIES.map((name) => certificate(name).serialNumber)).toEqual(before);
});

test('force makes everything anew', async () => {
  await generateCertificates(directory);
  const before = certificate('ca').serialNumber;
  expect((await generateCertificates(directory, { force: true })).made).toHaveLength(5);
  expect(certificate('ca').serialNumber).not.toBe(before);
});

test('a lost, broken, foreign or nearly expired certificate is made anew, and only that', async () => {
  const { authority } = await generateCertificates(directory);
  const soon = new Date(Date.now() + 10 * 86_400_000);
  const reader = { commonName: 'reader', uris: ['spiffe://rostrum/reader/reader'] };
  const spoil: (() => void | Promise<void>)[] = [
    () => rmSync(join(directory, 'reader.key')),
    () => writeFileSync(join(directory, 'reader.crt'), 'broken'),
    async () => {
      const pair = await authority.issue({ ...reader, usage: 'client', notAfter: soon });
      writePair(directory, 'reader', pair);
    },
    async () => {
      const foreign = await Authority.create('Somebody else');
      writePair(directory, 'reader', await foreign.issue({ ...reader, usage: 'client' }));
    },
  ];
  for (const step of spoil) {
    await step();
    expect((await generateCertificates(directory)).made).toEqual(['reader']);
  }
});

test('a nearly expired authority takes all identities with it', async () => {
  const notAfter = new Date(Date.now() + 10 * 86_400_000);
  writePair(directory, 'ca', (await Authority.create('Old', { notAfter })).pair);
  expect((await generateCertificates(directory)).made).toEqual(['ca', ...IDENTITIES]);
});

test('the server can have more names, and there can be more identities', async () => {
  await generateCertificates(directory);
  const options = { hosts: ['rostrum.example', '10.0.0.7'], identities: ['writer/game-7'] };
  expect((await generateCertificates(directory, options)).made).toEqual(['server', 'game-7']);
  expect(certificate('server').checkHost('rostrum.example')).toBe('rostrum.example');
  expect(certificate('server').checkIP('10.0.0.7')).toBe('10.0.0.7');
  expect(certificate('game-7').subjectAltName).toBe('URI:spiffe://rostrum/writer/game-7');
  expect((await generateCertificates(directory, options)).made).toEqual([]);
});

test.each(['owner/x', 'writer', 'writer/../x', 'admin/ca', 'reader/server'])(
  'identity %s is refused',
  async (identity) => {
    await expect(generateCertificates(directory, { identities: [identity] })).rejects.toThrow(
      `identity ${identity}`,
    );
  },
);

test('runs as a command', () => {
  const run = (...args: string[]) =>
    execFileSync(
      process.execPath,
      [join(import.meta.dirname, 'generate.ts'), '--out', directory, ...args],
      { encoding: 'utf8' },
    );
  expect(run('--host', 'a.example')).toContain('made ca, server, admin, writer, reader');
  expect(run('--host', 'a.example')).toContain('all certificates are good');
  expect(run('--force')).toContain('made ca');
});
