import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Authority, type KeyPair } from '../../../certs/authority.ts';
import { ping, RecordedLog, TransportServer } from '../../test/support/transport-server.ts';
import { AdminServiceService } from '../gen/rostrum/v1/admin.js';
import { CertificateFiles } from './certificate-files.js';

/** The files of a server: its authorities, its certificates, and its key, PEM. */
interface Files {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const PAST = { notBefore: new Date('2020-01-01'), notAfter: new Date('2020-02-01') };
const FUTURE = { notBefore: new Date('2100-01-01'), notAfter: new Date('2101-01-01') };
const SERVER = { commonName: 'server', hosts: ['localhost'], usage: 'server' } as const;
const READER = { commonName: 'r', uris: ['spiffe://rostrum/reader/r'], usage: 'client' } as const;

/** root > upper > lower > server, reader */
let root: Authority;
let upper: Authority;
let lower: Authority;
let server: KeyPair;
let reader: KeyPair;
let directory: string;

const pem = (...all: (Authority | KeyPair)[]) =>
  all.map((each) => ('pair' in each ? each.pair : each).certificate).join('');
const paths = () => ({
  ca: join(directory, 'ca.crt'),
  cert: join(directory, 'server.crt'),
  key: join(directory, 'server.key'),
});
const write = (files: Partial<Files>) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(paths()[name as 'ca'], text);
};

beforeAll(async () => {
  root = await Authority.create('Root', { intermediates: 2 });
  upper = await root.createIntermediate('Upper', { intermediates: 1 });
  lower = await upper.createIntermediate('Lower');
  server = await lower.issue(SERVER);
  reader = await lower.issue(READER);
});

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rostrum-chain-'));
  write({ ca: pem(root), cert: pem(server, lower, upper), key: server.key });
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Pings as reader with a client that trusts the root alone. */
async function pingOnce(running: TransportServer): Promise<string> {
  const Client = grpc.makeGenericClientConstructor(AdminServiceService, 'Test');
  const credentials = grpc.credentials.createSsl(
    Buffer.from(pem(root)),
    Buffer.from(reader.key),
    Buffer.from(pem(reader, lower, upper)),
  );
  const client = new Client(`localhost:${running.port}`, credentials, {
    'grpc.use_local_subchannel_pool': 1,
  });
  try {
    return (await ping(client as never)).role;
  } finally {
    client.close();
  }
}

describe('the files of a server work', () => {
  it.each<[string, () => Partial<Files>]>([
    ['with the intermediates in order', () => ({})],
    ['with the authority behind them', () => ({ cert: pem(server, lower, upper, root) })],
    ['in any order', () => ({ cert: pem(upper, root, server, lower) })],
    ['with a certificate twice', () => ({ cert: pem(server, lower, lower, upper) })],
    ['with an authority and its intermediates', () => ({ ca: pem(lower, upper, root) })],
    ['with text around', () => ({ ca: `Root\n===\n${pem(root)}\nthe end\n` })],
  ])('%s', async (_name, files) => {
    write(files());
    await using running = await TransportServer.start({ certificates: paths() });
    expect(await pingOnce(running)).toBe('reader');
  });

  it('beside an authority that has expired', async () => {
    write({ ca: pem(await Authority.create('Old', PAST), root) });
    await using running = await TransportServer.start({ certificates: paths() });
    expect(await pingOnce(running)).toBe('reader');
  });

  it('with two certificates of an intermediate, one of them expired', async () => {
    const old = await root.createIntermediate('Twice', PAST);
    const renewed = await root.renewIntermediate(old);
    const pair = await renewed.issue(SERVER);
    write({ cert: pem(pair, old, renewed), key: pair.key });
    await using running = await TransportServer.start({ certificates: paths() });
    expect(await pingOnce(running)).toBe('reader');
  });
});

/** Files that cannot work, and why. */
const BROKEN: [string, () => Promise<Partial<Files>>, string][] = [
  [
    'an intermediate has expired',
    async () => {
      const old = await root.createIntermediate('Old', PAST);
      const pair = await old.issue(SERVER);
      return { cert: pem(pair, old), key: pair.key };
    },
    'the intermediate "O=Rostrum, CN=Old" of the server certificate expired on Feb  1 00:00:00 2020 GMT',
  ],
  [
    'an intermediate is not valid yet',
    async () => {
      const early = await root.createIntermediate('Early', FUTURE);
      const pair = await early.issue(SERVER);
      return { cert: pem(pair, early), key: pair.key };
    },
    'the intermediate "O=Rostrum, CN=Early" of the server certificate is not valid before',
  ],
  [
    'the authority behind the intermediates has expired',
    async () => {
      const old = await Authority.create('Old', PAST);
      const pair = await old.issue(SERVER);
      return { cert: pem(pair, old), key: pair.key };
    },
    'the authority "O=Rostrum, CN=Old" of the server certificate expired on',
  ],
  [
    'the certificate is not valid yet',
    async () => {
      const pair = await lower.issue({ ...SERVER, ...FUTURE });
      return { cert: pem(pair, lower, upper), key: pair.key };
    },
    'the server certificate is not valid before Jan  1 00:00:00 2100 GMT',
  ],
  [
    'an intermediate is missing in the middle',
    async () => ({ cert: pem(server, upper) }),
    '"O=Rostrum, CN=Upper" in the file of the server certificate issued none of the others there',
  ],
  [
    'a certificate belongs to no other',
    async () => ({ cert: pem(server, lower, upper, await Authority.create('Stray')) }),
    '"O=Rostrum, CN=Stray" in the file of the server certificate issued none of the others there',
  ],
  [
    'the key is that of another certificate',
    async () => ({ key: reader.key }),
    'the private key does not belong to the server certificate',
  ],
  [
    'the certificate is for clients',
    async () => {
      const pair = await lower.issue({ ...SERVER, usage: 'client' });
      return { cert: pem(pair, lower, upper), key: pair.key };
    },
    'clients would refuse the server certificate: unsuitable certificate purpose',
  ],
  [
    'there are more intermediates than an authority allows',
    async () => {
      const below = await lower.createIntermediate('Below');
      const pair = await below.issue(SERVER);
      return { cert: pem(pair, below, lower, upper), key: pair.key };
    },
    'clients would refuse the server certificate: path length constraint exceeded',
  ],
  [
    'the authority for clients is an intermediate without its own',
    async () => ({ ca: pem(upper) }),
    'the authority "O=Rostrum, CN=Upper" is an intermediate; put the certificate of "O=Rostrum, CN=Root", which issued it, into the file too',
  ],
  [
    'one of the authorities for clients is such an intermediate',
    async () => ({ ca: pem(await Authority.create('Other'), lower) }),
    'the authority "O=Rostrum, CN=Lower" is an intermediate',
  ],
  [
    'one of the authorities for clients is none',
    async () => ({ ca: pem(root, reader) }),
    'the authority is not a certificate of an authority: "O=Rostrum, CN=r"',
  ],
  [
    'every authority for clients has expired',
    async () => ({ ca: pem(await Authority.create('Old', PAST)) }),
    'the authority "O=Rostrum, CN=Old" expired on Feb  1 00:00:00 2020 GMT',
  ],
];

describe('the files of a server are refused, and those before stay in use, when', () => {
  it.each(BROKEN)('%s', async (_name, makeFiles, reason) => {
    await using running = await TransportServer.start({ certificates: paths() });
    write(await makeFiles());
    expect(await running.certificates.reload()).toBe(false);
    expect(running.recorded.lines.at(-1)?.reason).toContain(reason);
    expect(await pingOnce(running)).toBe('reader');
    const again = CertificateFiles.open(paths(), new RecordedLog().log);
    await expect(again).rejects.toThrow(reason);
  });
});
