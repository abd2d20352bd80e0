import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import grpc from '@grpc/grpc-js';
import type { RostrumClient } from '@rostrum/client';
import { beforeAll, describe, expect, it } from 'vitest';
import { StreamScoresRequest, SubmitScoreRequest } from '../../src/gen/rostrum/v1/score.js';
import { WatchChangesRequest, WatchStandingsRequest } from '../../src/gen/rostrum/v1/watch.js';
import { unnoticed } from '../support/bystander.ts';
import { finished, frame, rawCall, rawConnection } from '../support/raw-http2.ts';
import { testCertificates } from '../support/test-certificates.ts';
import { useTestService } from '../support/test-service.ts';
import { changesRequest, standingsRequest } from '../support/watch/watch-call.js';
import { submission, WireCaller } from '../support/wire-caller.ts';

const SUBMIT = '/rostrum.v1.ScoreService/SubmitScore';
const STREAM = '/rostrum.v1.ScoreService/StreamScores';

const service = useTestService();
let client: RostrumClient;
let admin: RostrumClient;

beforeAll(async () => {
  client = service.client('writer');
  admin = service.client('admin');
  await client.scores.submit({ leaderboardId: 'board', playerId: 'player', score: 1 });
});

const port = () => Number(service.server.address.split(':').at(-1));
const submitBytes = (fields = {}) =>
  SubmitScoreRequest.encode({ submission: submission(fields) }).finish();
const streamBytes = (fields = {}) =>
  StreamScoresRequest.encode({ submission: submission(fields) }).finish();

/** Resolves when the server has let go of everything but the two good clients. */
async function untilQuiet(): Promise<void> {
  await expect
    .poll(async () => (await admin.admin.stats()).connections, { timeout: 15_000 })
    .toBe(2);
}

describe('beside a client that behaves', () => {
  it('deadlines of 0 pass, and nothing is done for them', async () => {
    using wire = new WireCaller(service.server.address);
    await unnoticed(client, async () => {
      for (let n = 0; n < 20; n += 1) {
        const answer = await wire.unary(SUBMIT, submitBytes({ leaderboardId: 'late' }), {
          deadline: 0,
        });
        expect(answer.code).toBe(grpc.status.DEADLINE_EXCEEDED);
      }
      const session = rawConnection(port(), 'writer');
      for (const timeout of ['0n', '0m', '1n']) {
        const call = rawCall(session, SUBMIT, [submitBytes({ leaderboardId: 'late' })], true, {
          'grpc-timeout': timeout,
        });
        const { status } = await finished(call);
        expect(status).toBe(grpc.status.DEADLINE_EXCEEDED);
      }
      session.destroy();
    });
    await expect(client.standings.listPage({ leaderboardId: 'late' })).rejects.toMatchObject({
      reason: 'LEADERBOARD_NOT_FOUND',
    });
  });

  it('messages over the limit are refused', async () => {
    using wire = new WireCaller(service.server.address);
    await unnoticed(client, async () => {
      const large = Buffer.alloc(5 * 1024 * 1024, 0x61);
      for (let n = 0; n < 5; n += 1) {
        const answer = await wire.unary(SUBMIT, large);
        expect(answer.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
      }
      expect((await wire.submit({})).code).toBe(grpc.status.OK);
    });
  });

  it('metadata that is too large is refused, and the next call is not', async () => {
    using wire = new WireCaller(service.server.address);
    await unnoticed(client, async () => {
      for (const size of [200_000, 1_000_000]) {
        const metadata = new grpc.Metadata();
        metadata.set('x-large', 'a'.repeat(size));
        const answer = await wire.unary(
          SUBMIT,
          submitBytes(),
          { deadline: Date.now() + 5_000 },
          metadata,
        );
        expect(answer.code).not.toBe(grpc.status.OK);
        expect(answer.code).not.toBe(grpc.status.DEADLINE_EXCEEDED);
      }
      expect((await wire.submit({})).code).toBe(grpc.status.OK);
    });
  });

  it('streams that are half open, half closed or abandoned are let go with their connection', async () => {
    await unnoticed(client, async () => {
      for (let n = 0; n < 10; n += 1) {
        const session = rawConnection(port(), 'writer');
        // Nothing at all, half a message, one message and then silence, a watch.
        rawCall(session, STREAM, [], false).on('error', () => {});
        const half = rawCall(session, STREAM, [], false).on('error', () => {});
        half.write(frame(streamBytes()).subarray(0, 9));
        const silent = rawCall(session, STREAM, [streamBytes({ submissionId: `n${n}` })], false);
        silent.on('error', () => {});
        rawCall(session, SUBMIT, [], false).on('error', () => {});
        const watch = WatchChangesRequest.encode(changesRequest('board')).finish();
        rawCall(session, '/rostrum.v1.WatchService/WatchChanges', [watch]).on('error', () => {});
        await once(silent, 'data');
        if (n % 2 === 0) session.destroy();
        else session.close(() => {});
        setTimeout(() => session.destroy(), 100);
      }
    });
    await untilQuiet();
    expect((await admin.admin.stats()).watches.changesWatchers).toBe(0);
  });

  it('a stream whose caller never reads its answers stops being read from', async () => {
    await unnoticed(client, async () => {
      const session = rawConnection(port(), 'writer', { initialWindowSize: 0 });
      const call = rawCall(session, STREAM, [], false);
      call.on('error', () => {});
      let sent = 0;
      const until = Date.now() + 3_000;
      while (Date.now() < until && sent < 200_000) {
        const room = call.write(
          frame(streamBytes({ leaderboardId: 'never-read', submissionId: `s${sent}` })),
        );
        sent += 1;
        if (!room) await Promise.race([once(call, 'drain'), delay(500)]);
        if (!room && call.writableNeedDrain) break;
      }
      // Flow control stops it; what was taken in is far from everything.
      expect(call.writableNeedDrain).toBe(true);
      const pending = (await admin.admin.stats()).submissions.pending;
      expect(pending).toBeLessThan(2_000);
      session.destroy();
    });
    await untilQuiet();
  });

  it('watchers that never read take nothing from those that do', async () => {
    const leaderboardId = 'unread';
    await client.scores.submit({ leaderboardId, playerId: 'p', score: 0 });
    const before = (await admin.admin.stats()).memoryBytes;
    await unnoticed(client, async () => {
      const sessions = Array.from({ length: 5 }, () =>
        rawConnection(port(), 'reader', { initialWindowSize: 0 }),
      );
      for (const session of sessions) {
        for (let n = 0; n < 40; n += 1) {
          const changes = WatchChangesRequest.encode(changesRequest(leaderboardId)).finish();
          rawCall(session, '/rostrum.v1.WatchService/WatchChanges', [changes]).on(
            'error',
            () => {},
          );
          const view = WatchStandingsRequest.encode(standingsRequest(leaderboardId)).finish();
          rawCall(session, '/rostrum.v1.WatchService/WatchStandings', [view]).on('error', () => {});
        }
      }
      await expect.poll(async () => (await admin.admin.stats()).watches.changesWatchers).toBe(200);
      const reading = client.watch.liveView({ leaderboardId });
      await reading.ready();
      for (let round = 0; round < 5; round += 1) {
        const batch = Array.from({ length: 500 }, (_, n) => ({
          leaderboardId,
          playerId: `p${n % 50}`,
          score: round * 1000 + n,
          metadata: { padding: 'x'.repeat(500) },
        }));
        await client.scores.batchSubmit(batch);
      }
      const { standings } = await client.standings.listPage({ leaderboardId, pageSize: 10 });
      await expect.poll(() => reading.standings).toEqual(standings);
      await reading.close();
      for (const session of sessions) session.destroy();
    });
    await untilQuiet();
    // 400 watchers that hold no more than one message each; 2,500 changes of 1 KiB would be 1 GiB.
    const grown = (await admin.admin.stats()).memoryBytes - before;
    expect(grown).toBeLessThan(200 * 1024 * 1024);
  });

  it('a storm of resets ends the connection it comes from', async () => {
    await unnoticed(
      client,
      async () => {
        for (let storm = 0; storm < 3; storm += 1) {
          const session = rawConnection(port(), 'writer');
          session.on('error', () => {});
          await once(session, 'connect');
          for (let n = 0; n < 5_000 && !session.destroyed && !session.closed; n += 1) {
            const call = rawCall(session, SUBMIT, [submitBytes()], false);
            call.on('error', () => {});
            call.close(8);
            if (n % 100 === 0) await delay(0);
          }
          session.destroy();
        }
      },
      3_000,
    );
    await untilQuiet();
  });

  it('what is no TLS, no HTTP/2 or no gRPC gets nothing', async () => {
    await unnoticed(client, async () => {
      const sockets: Socket[] = [];
      const open = (bytes: string | Buffer) => {
        const socket = connectSocket({ host: '127.0.0.1', port: port() });
        socket.on('error', () => {});
        socket.write(bytes);
        sockets.push(socket);
      };
      for (let n = 0; n < 20; n += 1) {
        open('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
        open('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
        open(Buffer.alloc(100_000, 0xff));
        open(Buffer.from([0x16, 0x03, 0x01]));
        open('');
      }
      const { ca, cert, key } = testCertificates('writer');
      const secure = (bytes: Buffer, protocols = ['h2']) => {
        const socket = connectTls({
          ...{ host: '127.0.0.1', port: port(), servername: 'localhost', ALPNProtocols: protocols },
          ...{ ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) },
        });
        socket.on('error', () => {});
        socket.write(bytes);
        sockets.push(socket);
      };
      const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      for (let n = 0; n < 5; n += 1) {
        secure(Buffer.from('GET / HTTP/1.1\r\n\r\n'), ['http/1.1']);
        secure(Buffer.alloc(1_000, 0x55));
        // A frame that says it has 16 KiB, and has 3 bytes.
        secure(Buffer.concat([preface, Buffer.from([0, 0x40, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3])]));
        // A frame larger than is ever allowed.
        secure(Buffer.concat([preface, Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1])]));
        // Settings of a wrong length, then data on a stream that is not open.
        secure(Buffer.concat([preface, Buffer.from([0, 0, 1, 4, 0, 0, 0, 0, 0, 9])]));
        secure(Buffer.concat([preface, Buffer.from([0, 0, 1, 0, 0, 0, 0, 0, 7, 9])]));
      }
      await delay(300);
      for (const socket of sockets) socket.destroy();
    });
    await untilQuiet();
  });

  it('very many connections, calls and cancelled calls at once are served or refused', async () => {
    await unnoticed(
      client,
      async () => {
        const wires = Array.from({ length: 30 }, () => new WireCaller(service.server.address));
        const answers = await Promise.all(
          wires.flatMap((wire, w) =>
            Array.from({ length: 50 }, (_, n) =>
              wire.unary(
                SUBMIT,
                submitBytes({
                  leaderboardId: 'crowd',
                  submissionId: `${w}-${n}`,
                  playerId: `p${w}`,
                }),
                { deadline: Date.now() + (n % 5 === 0 ? 5 : 20_000) },
              ),
            ),
          ),
        );
        const codes = new Set(answers.map(({ code }) => code));
        for (const code of codes) {
          expect([grpc.status.OK, grpc.status.DEADLINE_EXCEEDED]).toContain(code);
        }
        expect(answers.filter(({ code }) => code === grpc.status.OK).length).toBeGreaterThan(1_000);
        for (const wire of wires) wire[Symbol.dispose]();
      },
      5_000,
    );
    await untilQuiet();
  });

  it('an unknown method and an unknown service are UNIMPLEMENTED', async () => {
    using wire = new WireCaller(service.server.address);
    for (const path of [
      '/rostrum.v1.ScoreService/Nothing',
      '/rostrum.v2.ScoreService/SubmitScore',
      '/',
      '/__proto__/constructor',
    ]) {
      const { code } = await wire.unary(path, submitBytes());
      expect(code).toBe(grpc.status.UNIMPLEMENTED);
    }
  });
});
