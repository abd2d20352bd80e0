import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Authority } from '../../../certs/authority.ts';
import { generateCertificates, writePair } from '../../../certs/generate.ts';
import { RecordedLog, TransportServer } from '../../test/support/transport-server.ts';
import { CertificateFiles } from './certificate-files.js';

let directory: string;
let authority: Authority;
const file = (name: string) => join(directory, name);
const paths = () => ({ ca: file('ca.crt'), cert: file('server.crt'), key: file('server.key') });

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rostrum-certificates-'));
  ({ authority } = await generateCertificates(directory));
});
afterEach(() => rmSync(directory, { recursive: true }));

const SERVER = {
  commonName: 'server',
  hosts: ['localhost', '127.0.0.1'],
  usage: 'server',
} as const;

/** Connects as reader: the serial number that the server shows, and whether it lets us in. */
function knock(port: number): Promise<{ serial: string; accepted: boolean }> {
  return new Promise((resolve) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: readFileSync(file('ca.crt')),
      cert: readFileSync(file('reader.crt')),
      key: readFileSync(file('reader.key')),
      ALPNProtocols: ['h2'],
    });
    let serial = '';
    let accepted = false;
    socket.on('secureConnect', () => {
      serial = socket.getPeerCertificate().serialNumber;
    });
    // The server speaks first once it has accepted the client.
    socket.on('data', () => {
      accepted = true;
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve({ serial, accepted }));
  });
}

const serialOf = async (port: number) => (await knock(port)).serial;

test('a new certificate is used without a restart', async () => {
  await using running = await TransportServer.start({ certificates: paths() });
  const before = await serialOf(running.port);
  running.certificates.watch(10);
  writePair(directory, 'server', await authority.issue(SERVER));
  await running.recorded.waitFor(({ msg }) => msg === 'certificates replaced');
  expect(await serialOf(running.port)).not.toBe(before);
});

test('a new authority is used without a restart', async () => {
  await using running = await TransportServer.start({ certificates: paths() });
  const other = await Authority.create('Other');
  const client = await other.issue({
    commonName: 'x',
    uris: ['spiffe://rostrum/reader/x'],
    usage: 'client',
  });
  writePair(directory, 'reader', client);
  expect(await knock(running.port)).toMatchObject({ accepted: false });
  const refused = await running.recorded.waitFor(({ msg }) => msg === 'connection refused');
  expect(refused.reason).toMatch(/^the client certificate is from a foreign authority: /);

  const both = readFileSync(file('ca.crt'), 'utf8') + other.pair.certificate;
  writeFileSync(file('ca.crt'), both);
  expect(await running.certificates.reload()).toBe(true);
  expect(await knock(running.port)).toMatchObject({ accepted: true });
});

test('a half-replaced pair keeps the old one in use, and is told once', async () => {
  await using running = await TransportServer.start({ certificates: paths() });
  const before = await serialOf(running.port);
  const next = await authority.issue(SERVER);
  writeFileSync(file('server.crt'), next.certificate);
  for (let look = 0; look < 3; look += 1) expect(await running.certificates.reload()).toBe(false);
  expect(await serialOf(running.port)).toBe(before);
  const warnings = running.recorded.lines.filter(({ level }) => level === 'warn');
  expect(warnings.map(({ reason }) => reason)).toEqual([
    'the private key does not belong to the server certificate',
  ]);

  writeFileSync(file('server.key'), next.key);
  expect(await running.certificates.reload()).toBe(true);
  expect(await serialOf(running.port)).not.toBe(before);
});

test('a certificate that is not valid yet is used as soon as it is', async () => {
  await using running = await TransportServer.start({ certificates: paths() });
  const before = await serialOf(running.port);
  const notBefore = new Date(Math.ceil(Date.now() / 1000 + 1) * 1000);
  writePair(directory, 'server', await authority.issue({ ...SERVER, notBefore }));
  expect(await running.certificates.reload()).toBe(false);
  running.certificates.watch(10);
  await running.recorded.waitFor(({ msg }) => msg === 'certificates replaced');
  expect(Date.now()).toBeGreaterThanOrEqual(notBefore.getTime());
  expect(await serialOf(running.port)).not.toBe(before);
  // The two files are written one after the other: a look in between finds them apart.
  const warnings = running.recorded.lines.filter(({ level }) => level === 'warn');
  expect(new Set(warnings.map(({ reason }) => reason)).size).toBe(warnings.length);
});

test('what was refused and then taken back is no change', async () => {
  await using running = await TransportServer.start({ certificates: paths() });
  const good = readFileSync(file('server.key'), 'utf8');
  for (let round = 1; round <= 2; round += 1) {
    writeFileSync(file('server.key'), 'broken');
    expect(await running.certificates.reload()).toBe(false);
    writeFileSync(file('server.key'), good);
    expect(await running.certificates.reload()).toBe(false);
    // Each time that it breaks is told.
    const warnings = running.recorded.lines.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(round);
  }
});

test.each<[string, () => void | Promise<void>, string]>([
  [
    'an empty file',
    () => writeFileSync(file('server.key'), ''),
    'the private key is not valid PEM',
  ],
  ['no file', () => rmSync(file('server.crt')), '(ENOENT)'],
  [
    'an identity as authority',
    () => copyFileSync(file('reader.crt'), file('ca.crt')),
    'the authority is not a certificate of an authority',
  ],
  [
    'an expired certificate',
    async () => {
      const past = { notBefore: new Date('2020-01-01'), notAfter: new Date('2020-02-01') };
      writePair(directory, 'server', await authority.issue({ ...SERVER, ...past }));
    },
    'the server certificate expired on Feb  1 00:00:00 2020 GMT',
  ],
])('%s is refused, at the start and later', async (_name, spoil, reason) => {
  const recorded = new RecordedLog();
  const files = await CertificateFiles.open(paths(), recorded.log);
  const used = files.current;
  await spoil();
  expect(await files.reload()).toBe(false);
  expect(files.current).toBe(used);
  expect(recorded.lines.at(-1)?.reason).toContain(reason);
  await expect(CertificateFiles.open(paths(), recorded.log)).rejects.toThrow(reason);
});

test('what it logs holds no key', async () => {
  const recorded = new RecordedLog('trace');
  const files = await CertificateFiles.open(paths(), recorded.log);
  writeFileSync(file('server.key'), 'broken');
  await files.reload();
  writePair(directory, 'server', await authority.issue(SERVER));
  await files.reload();
  expect(JSON.stringify(recorded.lines)).not.toMatch(/BEGIN|broken/);
  expect(recorded.lines).toHaveLength(2);
});

test('a file that is missing is told with its setting and its whole path', async () => {
  const { log } = new RecordedLog();
  const here = { ...paths(), key: 'nowhere/server.key' };
  await expect(CertificateFiles.open(here, log)).rejects.toThrow(
    `ROSTRUM_TLS_KEY: cannot read ${resolve('nowhere/server.key')} (ENOENT)`,
  );
});

test('a device, a pipe or a huge file is refused with the reason, and not waited for', async () => {
  const { log, lines } = new RecordedLog();
  const files = await CertificateFiles.open(paths(), log);
  const used = files.current;
  execFileSync('mkfifo', [file('pipe')]);
  writeFileSync(file('huge'), '');
  truncateSync(file('huge'), 2 ** 31);
  symlinkSync('/dev/zero', file('link'));
  for (const [name, why] of [
    ['link', 'it is a device, not a file'],
    ['pipe', 'it is a pipe, not a file'],
    ['huge', 'it has more than 1 MiB'],
    ['.', 'it is a directory, not a file'],
  ] as const) {
    const reason = `cannot read ${resolve(file(name))} (${why})`;
    for (const part of ['ca', 'cert', 'key'] as const) {
      const here = { ...paths(), [part]: file(name) };
      await expect(CertificateFiles.open(here, log)).rejects.toThrow(reason);
    }
  }
  rmSync(file('server.crt'));
  symlinkSync('/dev/zero', file('server.crt'));
  expect(await files.reload()).toBe(false);
  expect(files.current).toBe(used);
  expect(lines.at(-1)?.reason).toContain('it is a device');
});

test('links are followed, as volumes are mounted by them', async () => {
  const { log } = new RecordedLog();
  for (const name of ['ca.crt', 'server.crt', 'server.key']) {
    renameSync(file(name), file(`first-${name}`));
    symlinkSync(join('..data', `first-${name}`), file(name));
  }
  symlinkSync('.', file('..data'));
  const { current } = await CertificateFiles.open(paths(), log);
  expect(current.key).toBe(readFileSync(file('first-server.key'), 'utf8'));
});
