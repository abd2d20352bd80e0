import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Authority } from '../../../../certs/authority.ts';
import { resultOf, snapshot } from '../../test/messages.js';
import {
  certificateText,
  clientOptions,
  connectTo,
  ScriptedServer,
  type ScriptedServerOptions,
} from '../../test/scripted-server.js';
import type { WatchServiceServer } from '../gen/rostrum/v1/watch.js';
import type { RostrumClient } from '../index.js';

const names = vi.hoisted(() => new Map<string, string[]>());

// A machine's names cannot be changed for a test: these are answered here, all others as always.
vi.mock('node:dns/promises', async (original) => {
  const dns = await original<typeof import('node:dns/promises')>();
  const lookup = async (host: string, options: object) => {
    const ips = names.get(host);
    if (!ips) return await dns.lookup(host, options);
    return ips.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return { ...dns, lookup };
});

afterEach(() => {
  names.clear();
  vi.unstubAllEnvs();
});

/** A server that counts the submissions it answers, and notes the connections they came by. */
async function counting(options: ScriptedServerOptions = {}) {
  const peers: string[] = [];
  const server = await ScriptedServer.start(
    {
      scores: {
        submitScore: (call, reply) => {
          peers.push(call.getPeer());
          reply(null, { result: resultOf(call.request.submission) });
        },
      },
    },
    options,
  );
  return Object.assign(server, { peers });
}

async function pairFor(...hosts: string[]) {
  const pair = { certificate: certificateText('ca.crt'), key: certificateText('ca.key') };
  const authority = await Authority.load(pair);
  return await authority.issue({ commonName: 'server', hosts, usage: 'server' });
}

const submit = (client: RostrumClient) =>
  client.scores.submit({ leaderboardId: 'b', playerId: 'p', score: 1 });

/** Submits until the condition holds; the test's time limit ends what never does. */
async function submitUntil(client: RostrumClient, done: () => boolean): Promise<void> {
  while (!done()) await submit(client);
}

describe('a client of several servers', () => {
  it.each<[string, (a: string, b: string) => string | string[]]>([
    ['a list', (a, b) => [a, b]],
    ['one string', (a, b) => `${a}, ${b}`],
  ])('spreads its calls over all, given as %s', async (_how, given) => {
    await using a = await counting();
    await using b = await counting();
    await using client = connectTo({ address: given(a.address, b.address) });
    expect(client.address).toBe(`${a.address}, ${b.address}`);
    await submitUntil(client, () => a.peers.length > 0 && b.peers.length > 0);
    const [before, others] = [a.peers.length, b.peers.length];
    for (let n = 0; n < 20; n++) await submit(client);
    expect([a.peers.length - before, b.peers.length - others]).toEqual([10, 10]);
  });

  it('loses no call when one is killed, and uses it again when it is back', async () => {
    await using a = await counting();
    await using b = await counting();
    await using client = connectTo({ address: [a.address, b.address] });
    await submitUntil(client, () => a.peers.length > 0 && b.peers.length > 0);
    const calls = Array.from({ length: 50 }, () => submit(client));
    a.stop();
    for (let n = 0; n < 50; n++) calls.push(submit(client));
    await Promise.all(calls);
    const before = a.peers.length;
    await a.restart();
    await submitUntil(client, () => a.peers.length > before);
  });

  it('resumes more watches than a connection carries when a server is killed', async () => {
    const watching = async () => {
      const peers = new Set<string>();
      const watchStandings: WatchServiceServer['watchStandings'] = (call) => {
        peers.add(call.getPeer());
        call.write(snapshot(1, []));
      };
      return Object.assign(await ScriptedServer.start({ watch: { watchStandings } }), { peers });
    };
    await using a = await watching();
    await using b = await watching();
    await using client = connectTo({ address: [a.address, b.address] });
    const watch = () => client.watch.liveView({ leaderboardId: 'b' });
    const views = Array.from({ length: 1_100 }, watch);
    await Promise.all(views.map((view) => view.ready()));
    expect(a.peers.size + b.peers.size).toBeGreaterThanOrEqual(3);
    const [killed, other] = a.peers.size > b.peers.size ? [a, b] : [b, a];
    killed.stop();
    const all = () => new Set(views.map(({ state }) => state.status));
    await expect.poll(all).toContain('interrupted');
    await expect.poll(all, { timeout: 10_000 }).toEqual(new Set(['live']));
    // Each of the channels has one connection to each server.
    expect(other.peers.size).toBe(3);
  });

  it('works with those that are there, and says what is wrong with each when none is', async () => {
    await using a = await counting();
    await using b = await counting();
    b.stop();
    const address = [b.address, a.address, 'no-such-host.invalid:1'];
    await using client = connectTo({ address });
    await client.waitForReady();
    await submit(client);
    a.stop();
    await using stranger = connectTo({ address });
    const error = await stranger.waitForReady({ deadlineMs: 500 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ reason: 'CONNECTION_FAILED' });
    for (const { address: away } of [a, b]) {
      expect(String(error)).toContain(`${away}: nothing listens there`);
    }
    expect(String(error)).toContain('no-such-host.invalid:1: ');
  });

  it('checks each certificate against the address that the server was given by', async () => {
    await using a = await counting();
    await using b = await counting({ host: '127.0.0.2', pair: await pairFor('127.0.0.2') });
    // The certificate of this one is good for `localhost`, and not for where it is.
    await using stranger = await counting({ host: '127.0.0.3' });
    const address = [a.address, b.address, stranger.address];
    await using client = connectTo({ address });
    await submitUntil(client, () => a.peers.length > 5 && b.peers.length > 5);
    expect(stranger.peers).toEqual([]);
    await using alone = connectTo({ address: [stranger.address] });
    await expect(alone.waitForReady()).rejects.toMatchObject({
      reason: 'CERTIFICATE_REFUSED',
      message: expect.stringContaining('is not for this host'),
    });
    // Unless the caller says which name all of them have.
    const { tls } = clientOptions({ address });
    await using named = connectTo({ address }, { tls: tls && { ...tls, serverName: 'localhost' } });
    await submitUntil(named, () => stranger.peers.length > 0);
  });
});

describe('a client of a name', () => {
  it('spreads its calls over all that the name stands for, and finds where they move', async () => {
    const pair = await pairFor('game.test');
    await using a = await counting({ host: '127.0.0.1', pair });
    const at = (host: string) => counting({ host, port: a.port, pair });
    await using b = await at('127.0.0.2');
    names.set('game.test', ['127.0.0.1', '127.0.0.2']);
    await using client = connectTo({ address: `game.test:${a.port}` });
    await submitUntil(client, () => a.peers.length > 0 && b.peers.length > 0);
    await using c = await at('127.0.0.3');
    names.set('game.test', ['127.0.0.3']);
    a.stop();
    b.stop();
    await submit(client);
    expect(c.peers).toHaveLength(1);
  });

  it('takes an IPv4 and an IPv6 address of it for two ways to one server', async () => {
    const pair = await pairFor('game.test');
    await using v4 = await counting({ host: '127.0.0.1', pair });
    names.set('game.test', ['127.0.0.1', '::1']);
    await using v6 = await counting({ host: '[::1]', port: v4.port, pair });
    await using client = connectTo({ address: `game.test:${v4.port}` });
    for (let n = 0; n < 20; n++) await submit(client);
    expect(new Set([...v4.peers, ...v6.peers]).size).toBe(1);
    v4.stop();
    await submitUntil(client, () => v6.peers.length > 0);
  });

  it('goes on when the name is found that was not found at first', async () => {
    await using a = await counting({ host: '127.0.0.1', pair: await pairFor('late.invalid') });
    await using client = connectTo({ address: `late.invalid:${a.port}` });
    const error = await client.waitForReady({ deadlineMs: 300 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ reason: 'CONNECTION_FAILED' });
    const ready = client.waitForReady();
    names.set('late.invalid', ['127.0.0.1']);
    await ready;
  });
});

it('a single server is reached through a proxy of the environment, by its own name', async () => {
  await using server = await counting({ pair: await pairFor('far.invalid') });
  const asked: (string | undefined)[] = [];
  const proxy = createServer().on('connect', ({ url }, socket: Socket) => {
    asked.push(url);
    const onward = connect(server.port, 'localhost', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) end.on('error', () => {});
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo;
  for (const name of ['grpc_proxy', 'https_proxy', 'no_proxy', 'no_grpc_proxy']) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv('http_proxy', `http://127.0.0.1:${port}`);
  await using client = connectTo({ address: 'far.invalid:443' });
  await submit(client);
  expect(asked).toEqual(['far.invalid:443']);
  await client.close();
  proxy.close();
});

describe('addresses', () => {
  it.each<[string | string[]]>([
    ['a:0'],
    ['a:65536'],
    ['a:1,,b:2'],
    ['a:1,b'],
    ['[a]:1'],
    ['::1:1'],
    ['dns:a:1'],
    [[]],
    [['a:1', '']],
    [[5] as unknown as string[]],
  ])('such as %j are refused', (address) => {
    expect(() => connectTo({ address })).toThrow(
      expect.objectContaining({ reason: 'INVALID_OPTIONS' }),
    );
  });
});
