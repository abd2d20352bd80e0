import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  certificatePath,
  clientOptions,
  connectTo,
  ScriptedServer,
} from '../test/scripted-server.js';
import { isRostrumError, RostrumClient } from './index.js';

const submission = { leaderboardId: 'b', playerId: 'p', score: 1 };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('RostrumClient.connect', () => {
  it.each([
    ['/nowhere/ca.crt', false],
    ['/nowhere/certs/dev/ca.crt', true],
  ])(
    'names a certificate file that is missing, %s, and the command that makes it: %s',
    (ca, isMade) => {
      let error: unknown;
      try {
        RostrumClient.connect({ tls: { ca, cert: 'c', key: 'k' } });
      } catch (thrown) {
        error = thrown;
      }
      expect(isRostrumError(error, 'CERTIFICATE_FILE_MISSING')).toBe(true);
      expect(error).toMatchObject({ metadata: { path: ca } });
      expect(String(error)).toContain(`${ca} (ENOENT)`);
      expect(String(error).includes('npm start')).toBe(isMade);
    },
  );

  it('names the files of a checkout only for the address of one', () => {
    for (const name of ['CA', 'CERT', 'KEY']) vi.stubEnv(`ROSTRUM_TLS_${name}`, '');
    const connect = (address: string) => () => RostrumClient.connect({ address });
    expect(connect('localhost:50051')).toThrow('npm start');
    expect(connect('game.example:50051')).toThrow(/^((?!npm start).)*ROSTRUM_TLS_KEY$/);
    vi.unstubAllEnvs();
  });

  it('refuses a key that does not belong to the certificate, and what is no certificate', () => {
    const ca = certificatePath('ca.crt');
    const cert = certificatePath('writer.crt');
    const key = certificatePath('reader.key');
    expect(() => RostrumClient.connect({ tls: { ca, cert, key } })).toThrow(
      `${key} does not belong to the client certificate ${cert}`,
    );
    for (const [tls, message] of [
      [
        { ca, cert: Buffer.from('no certificate'), key },
        /client certificate \(tls.cert\) is none: a PEM file with -----BEGIN CERTIFICATE-----/,
      ],
      [{ ca: key, cert, key }, `the authority certificate ${key} is none`],
      [
        { ca, cert, key: cert },
        `the client key ${cert} is none: a PEM file with -----BEGIN PRIVATE KEY`,
      ],
      [{ ca, cert: Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA'), key }, 'cannot be used'],
    ] as const) {
      expect(() => RostrumClient.connect({ tls })).toThrow(message);
      expect(() => RostrumClient.connect({ tls })).toThrow(
        expect.objectContaining({ reason: 'CERTIFICATE_INVALID' }),
      );
    }
  });

  it('says that Node is too old, and which is needed', () => {
    const { withResolvers } = Promise;
    Promise.withResolvers = undefined as never;
    try {
      expect(() => RostrumClient.connect()).toThrow(
        expect.objectContaining({
          reason: 'NODE_TOO_OLD',
          message: expect.stringMatching(/22\.12.*v\d+/),
        }),
      );
    } finally {
      Promise.withResolvers = withResolvers;
    }
  });

  it.each([
    [{}, 'options.tls.ca, options.tls.cert, options.tls.key'],
    [{ ca: 'ca.crt', cert: 'me.crt' }, 'options.tls.key'],
    [{ ca: 'ca.crt', cert: undefined, key: 5 }, 'options.tls.cert, options.tls.key'],
    [{ ca: '', cert: Buffer.from('x'), key: null }, 'options.tls.ca, options.tls.key'],
    [null, 'options.tls must be an object, not null'],
  ])('says which parts of tls are missing: %j', (tls, parts) => {
    expect(() => RostrumClient.connect({ address: 'localhost:1', tls: tls as never })).toThrow(
      expect.objectContaining({
        reason: 'INVALID_OPTIONS',
        message: expect.stringContaining(parts),
      }),
    );
  });

  it('speaks plaintext to loopback addresses only', async () => {
    for (const address of ['example.com:1', '10.0.0.1:1', '127.0.0.1.example.com:1']) {
      expect(() => RostrumClient.connect({ address, plaintext: true })).toThrow('loopback');
    }
    for (const address of ['localhost:1', '127.0.0.1:1', '[::1]:1']) {
      await RostrumClient.connect({ address, plaintext: true }).close();
    }
  });

  it('refuses an IP address as the name of the server', () => {
    const { tls } = clientOptions({ address: 'localhost:1' });
    expect(() =>
      RostrumClient.connect({ tls: tls && { ...tls, serverName: '127.0.0.1' } }),
    ).toThrow(expect.objectContaining({ reason: 'INVALID_OPTIONS' }));
  });

  it('refuses addresses and durations that mean nothing', () => {
    for (const address of ['', 'localhost', 'http://localhost:1', 'local host:1']) {
      expect(() => RostrumClient.connect({ address: address || ' ', plaintext: true })).toThrow(
        'host:port',
      );
    }
    expect(() =>
      RostrumClient.connect({ address: 'localhost:1', plaintext: true, defaultDeadlineMs: 0 }),
    ).toThrow('defaultDeadlineMs');
  });
});

describe('waitForReady', () => {
  it('says that nothing listens at the address when its deadline passes', async () => {
    const address = `localhost:${await freePort()}`;
    await using client = connectTo({ address });
    await expect(client.waitForReady({ deadlineMs: 300 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'CONNECTION_FAILED',
      message: `cannot reach a Rostrum server at ${address}: nothing listens there (ECONNREFUSED)`,
    });
  });

  it.each([true, false])(
    'gives up a server that takes connections and says nothing, and keeps no socket (TLS: %s)',
    async (tls) => {
      const taken: Promise<unknown>[] = [];
      const silent = createServer((socket) => {
        taken.push(once(socket.on('error', () => {}).resume(), 'close'));
      }).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const client = tls
        ? connectTo({ address })
        : RostrumClient.connect({ address, plaintext: true });
      await expect(client.waitForReady({ deadlineMs: 300 })).rejects.toMatchObject({
        reason: 'CONNECTION_FAILED',
        message: `something listens at ${address} and gives no answer (ETIMEDOUT)${tls ? '' : ': does it want TLS? This client speaks plaintext'}`,
      });
      await client.close();
      expect(taken.length).toBeGreaterThan(0);
      await Promise.all(taken);
      silent.close();
    },
  );

  it('asks whether a server wants TLS that does not answer without', async () => {
    await using server = await ScriptedServer.start({});
    await using client = RostrumClient.connect({ address: server.address, plaintext: true });
    await expect(client.waitForReady({ deadlineMs: 500 })).rejects.toMatchObject({
      reason: 'CONNECTION_FAILED',
      message: expect.stringContaining('does it want TLS?'),
    });
  });

  it('reaches a server by its IP address, and checks the certificate against it', async () => {
    await using server = await ScriptedServer.start({});
    const port = Number(server.address.split(':')[1]);
    await using client = connectTo({ address: `127.0.0.1:${port}` });
    await client.waitForReady();

    // The same server at an address that its certificate does not name.
    const relay = createServer((socket) => {
      socket.pipe(connect(port, '127.0.0.1').on('error', () => socket.destroy())).pipe(socket);
      socket.on('error', () => {});
    }).listen(0, '127.0.0.2');
    await once(relay, 'listening');
    const { port: relayPort } = relay.address() as AddressInfo;
    await using stranger = connectTo({ address: `127.0.0.2:${relayPort}` });
    await expect(stranger.waitForReady({ deadlineMs: 2_000 })).rejects.toMatchObject({
      reason: 'CERTIFICATE_REFUSED',
      message: expect.stringContaining('is not for this host'),
    });
    relay.close();
  });

  it('resolves when a server comes up that was not there at first', async () => {
    await using server = await ScriptedServer.start({});
    server.stop();
    await using client = connectTo(server);
    const ready = client.waitForReady();
    await client.health.check({}, { deadlineMs: 200 }).catch(() => {});
    await server.restart();
    await ready;
  });

  it('waits for a server that does not serve yet, and says so when it waited too long', async () => {
    let asked = 0;
    await using server = await ScriptedServer.start({
      health: () => (++asked < 4 ? 'NOT_SERVING' : 'SERVING'),
    });
    await using client = connectTo(server);
    await client.waitForReady();
    expect(asked).toBe(4);
    await server[Symbol.asyncDispose]();
    await server.restart({ health: () => 'NOT_SERVING' });
    // Connected again, so that the short wait below is for the server and for nothing else.
    expect(await client.health.check()).toBe('NOT_SERVING');
    await expect(client.waitForReady({ deadlineMs: 500 })).rejects.toMatchObject({
      reason: 'SERVER_NOT_READY',
    });
  });

  it.each(['foreign', 'expired'])(
    'says at once that the server refuses a certificate that is %s',
    async (identity) => {
      await using server = await ScriptedServer.start({});
      await using client = RostrumClient.connect(clientOptions(server, identity));
      const start = performance.now();
      await expect(client.waitForReady()).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'CERTIFICATE_REFUSED',
        message: expect.stringMatching(/^((?!npm start).)*client certificate((?!npm start).)*$/),
      });
      await expect(client.scores.submit(submission)).rejects.toMatchObject({
        reason: 'CERTIFICATE_REFUSED',
      });
      expect(performance.now() - start).toBeLessThan(3_000);
    },
  );

  it('says what makes certificates that are refused where they are those of a checkout', async () => {
    await using server = await ScriptedServer.start({});
    const directory = mkdtempSync(join(tmpdir(), 'rostrum-certificates-'));
    const development = join(directory, 'certs', 'dev');
    cpSync(certificatePath(''), development, { recursive: true });
    const file = (name: string) => join(development, name);
    const tls = { ca: file('ca.crt'), cert: file('foreign.crt'), key: file('foreign.key') };
    await using client = RostrumClient.connect({ address: server.address, tls });
    await expect(client.waitForReady()).rejects.toThrow(
      'development certificates are made by `npm start`, or by `npm run certs`',
    );
    rmSync(directory, { recursive: true });
  });

  it('says at once that it does not trust the certificate of the server', async () => {
    await using server = await ScriptedServer.start({}, { identity: 'foreign' });
    await using client = connectTo(server);
    await expect(client.waitForReady()).rejects.toMatchObject({
      reason: 'CERTIFICATE_REFUSED',
      message: expect.stringContaining('not issued by the configured authority'),
    });
  });

  it('says that the certificate of the server is for another host', async () => {
    await using server = await ScriptedServer.start({});
    const options = clientOptions(server);
    const tls = options.tls && { ...options.tls, serverName: 'game.example' };
    await using client = RostrumClient.connect({ ...options, tls });
    await expect(client.waitForReady()).rejects.toThrow('not for this host');
  });
});

describe('close', () => {
  it('rejects what is open and what comes later with CLIENT_CLOSED', async () => {
    const arrived = Promise.withResolvers<void>();
    const cancelled = Promise.withResolvers<void>();
    await using server = await ScriptedServer.start({
      scores: {
        submitScore: (call) => {
          call.on('cancelled', cancelled.resolve);
          arrived.resolve();
        },
      },
    });
    const client = connectTo(server);
    const open = client.scores.submit(submission);
    const rejected = expect(open).rejects.toMatchObject({ reason: 'CLIENT_CLOSED' });
    await arrived.promise;
    await client.close();
    await rejected;
    await cancelled.promise;
    const closed = { reason: 'CLIENT_CLOSED' };
    await expect(client.scores.submit(submission)).rejects.toMatchObject(closed);
    await expect(client.scores.stream().submit(submission)).rejects.toMatchObject(closed);
    await expect(client.watch.standings({ leaderboardId: 'b' }).next()).rejects.toMatchObject(
      closed,
    );
    await expect(client.leaderboards.create({ leaderboardId: 'b' })).rejects.toMatchObject(closed);
    await expect(client.waitForReady()).rejects.toMatchObject(closed);
    await expect(client.scores.batchSubmit([submission])).rejects.toMatchObject(closed);
    await expect(client.standings.listPage({ leaderboardId: 'b' })).rejects.toMatchObject(closed);
    await expect(client.standings.list({ leaderboardId: 'b' }).next()).rejects.toMatchObject(
      closed,
    );
    await expect(client.watch.changes({ leaderboardId: 'b' }).next()).rejects.toMatchObject(closed);
    await expect(client.watch.liveView({ leaderboardId: 'b' }).ready()).rejects.toMatchObject(
      closed,
    );
    await expect(client.admin.rebuild({ leaderboardId: 'b' }).next()).rejects.toMatchObject(closed);
    await expect(client.health.check()).rejects.toMatchObject(closed);
    for (const end of ['ready', 'end'] as const) {
      await expect(client.scores.stream()[end]()).rejects.toMatchObject(closed);
    }
    await client.close();
  });

  it('rejects a call that waits for its next try', async () => {
    await using client = connectTo({ address: `localhost:${await freePort()}` });
    const call = client.scores.submit(submission);
    const rejected = expect(call).rejects.toMatchObject({ reason: 'CLIENT_CLOSED' });
    await client.health.check({}, { deadlineMs: 100 }).catch(() => {});
    await client.close();
    await rejected;
  });

  it('leaves nothing behind that keeps the process alive', async () => {
    await using server = await ScriptedServer.start({
      scores: { submitScore: () => {}, streamScores: () => {} },
      watch: { watchStandings: () => {} },
    });
    const program = `
      import { RostrumClient } from '@rostrum/client';
      const file = (name) => ${JSON.stringify(certificatePath(''))} + '/' + name;
      const tls = { ca: file('ca.crt'), cert: file('writer.crt'), key: file('writer.key') };
      const client = RostrumClient.connect({ address: '${server.address}', tls });
      await client.waitForReady();
      const call = client.scores.submit({ leaderboardId: 'b', playerId: 'p', score: 1 });
      const view = client.watch.liveView({ leaderboardId: 'b' });
      const stream = client.scores.stream();
      const waiting = stream.submit({ leaderboardId: 'b', playerId: 'p', score: 1 });
      setTimeout(async () => { await client.close(); console.log('closed'); }, 50);
      for (const end of [call, waiting, view.ready(), stream.end()]) {
        await end.catch((error) => console.log(error.reason));
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: new URL('..', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
    const [code] = await once(child, 'exit');
    clearTimeout(timer);
    expect(code).toBe(0);
    expect(output.split('\n').filter((line) => line === 'CLIENT_CLOSED')).toHaveLength(4);
    expect(output).toContain('closed');
  });
});
