import grpc from '@grpc/grpc-js';
import { Redis } from 'ioredis';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { ListLeaderboardsRequest } from '../../src/gen/rostrum/v1/leaderboard.js';
import { StreamScoresRequest } from '../../src/gen/rostrum/v1/score.js';
import {
  GetStandingRequest,
  GetStandingResponse,
  ListStandingsRequest,
} from '../../src/gen/rostrum/v1/standing.js';
import { useTestService } from '../support/test-service.ts';
import { submission, WireCaller } from '../support/wire-caller.ts';

const LIST = '/rostrum.v1.StandingService/ListStandings';
const PING = '/rostrum.v1.AdminService/Ping';
const LIST_LEADERBOARDS = '/rostrum.v1.LeaderboardService/ListLeaderboards';
const GET = '/rostrum.v1.StandingService/GetStanding';
const IN_LONG = { leaderboardId: 'long', seasonId: '', segment: undefined };

const service = useTestService();
let greedy: WireCaller;
/** Of another identity. */
let modest: WireCaller;

beforeAll(async () => {
  greedy = service.wire('writer');
  modest = service.wire('admin');
  await modest.submit({ leaderboardId: 'known', playerId: 'first' });
});

describe('submissions to thousands of leaderboards that do not exist', () => {
  it('are created in turn with those of others, bounded, and do not fill the log', async () => {
    const start = performance.now();
    const lines = new Map<string, number>();
    const stop = service.server.onLine(({ msg = '' }) => lines.set(msg, (lines.get(msg) ?? 0) + 1));
    let answered = 0;
    // A connection has a thousand calls open at the most.
    const connections = Array.from(
      { length: 4 },
      () => new WireCaller(service.server.address, 'writer'),
    );
    const submissions = connections.flatMap((connection, line) =>
      Array.from({ length: 1_000 }, (_, at) =>
        connection.submit({ leaderboardId: `fresh-${line}-${at}`, playerId: 'p' }).finally(() => {
          answered += 1;
        }),
      ),
    );
    await Promise.race(submissions);
    const before = answered;
    for (const leaderboardId of ['known', 'mine']) {
      const { code } = await modest.submit({ leaderboardId, playerId: 'p' });
      expect(code).toBe(grpc.status.OK);
    }
    expect(answered - before).toBeLessThan(submissions.length / 2);

    const answers = await Promise.all(submissions);
    const refused = answers.filter(({ reason }) => reason === 'OVERLOADED');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.retryAfterMs).toBeGreaterThan(0);
    expect(answers.filter(({ code }) => code === grpc.status.OK)).toHaveLength(
      submissions.length - refused.length,
    );
    for (const connection of connections) connection[Symbol.dispose]();
    stop();
    const seconds = Math.ceil((performance.now() - start) / 1_000) + 1;
    for (const [message, count] of lines) {
      expect(count, `lines that say "${message}"`).toBeLessThanOrEqual(20 * seconds);
    }
  });
});

describe('a connection with many streams full of submissions', () => {
  const STREAMS = 40;
  const EACH = 1_000;

  it('keeps another writer waiting for no more than what is under way', async () => {
    let answers = 0;
    const ends = Array.from({ length: STREAMS }, (_, stream) => {
      const call = greedy.bidi('/rostrum.v1.ScoreService/StreamScores');
      call.on('data', () => {
        answers += 1;
      });
      for (let at = 0; at < EACH; at += 1) {
        const playerId = `s${stream}-${at % 100}`;
        const message = { submission: submission({ leaderboardId: 'known', playerId, score: at }) };
        call.write(Buffer.from(StreamScoresRequest.encode(message).finish()));
      }
      call.end();
      return new Promise((resolve) => call.on('end', resolve));
    });
    await expect.poll(() => answers, { timeout: 30_000, interval: 5 }).toBeGreaterThan(0);
    const meanwhile: number[] = [];
    while (answers < (STREAMS * EACH) / 2) {
      const before = answers;
      const { code } = await modest.submit({ leaderboardId: 'known', playerId: 'modest' });
      expect(code).toBe(grpc.status.OK);
      meanwhile.push(answers - before);
    }
    await Promise.all(ends);
    expect(answers).toBe(STREAMS * EACH);
    // Eight batches may wait for the index, one is recorded, and one is its own; half as many again
    // are in the buffers between.
    expect(Math.max(...meanwhile)).toBeLessThan(15 * 512);
  });
});

describe('a connection that reads a thousand long pages at once', () => {
  const PAGES = 900;

  it('keeps another reader of the same leaderboard waiting for a few of them only', async () => {
    const players = Array.from({ length: 1_000 }, (_, at) => ({
      leaderboardId: 'long',
      playerId: `player-${at}`,
      score: at,
    }));
    for (const from of ['a', 'b']) {
      const { items } = await modest.batch(
        players.map((each) => ({ ...each, playerId: `${from}-${each.playerId}` })),
      );
      expect(items).toHaveLength(1_000);
    }
    const request = GetStandingRequest.encode({ ...IN_LONG, playerId: 'a-player-7' }).finish();
    const revision = async () =>
      Number(GetStandingResponse.decode((await modest.unary(GET, request)).bytes).revision);
    // Its index is there, behind those of the new leaderboards.
    await expect.poll(revision, { timeout: 60_000 }).toBeGreaterThan(0);
    let answers = 0;
    const pages = Array.from({ length: PAGES }, (_, at) => {
      const page = { ...IN_LONG, pageSize: 1_000, pageToken: '', startRank: 1 + at };
      return greedy.unary(LIST, ListStandingsRequest.encode(page).finish()).finally(() => {
        answers += 1;
      });
    });
    const meanwhile: number[] = [];
    while (answers < PAGES - 100) {
      const before = answers;
      const { code } = await modest.unary(GET, request);
      expect(code).toBe(grpc.status.OK);
      meanwhile.push(answers - before);
    }
    expect(Math.max(...meanwhile)).toBeLessThan(150);
    for (const { code } of await Promise.all(pages)) expect(code).toBe(grpc.status.OK);
  });
});

describe('reads of thousands of leaderboards that do not exist', () => {
  it('keep nobody waiting who asks for one that the server does not know', async () => {
    const ask = (caller: WireCaller, leaderboardId: string) => {
      const request = { leaderboardId, seasonId: '', segment: undefined, playerId: 'p' };
      return caller.unary(GET, GetStandingRequest.encode(request).finish());
    };
    const connections = Array.from(
      { length: 4 },
      () => new WireCaller(service.server.address, 'writer'),
    );
    // So that all wait when it begins, and the server alone decides who is next.
    const holder = new pg.Client({ connectionString: service.databaseUrl });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE rostrum.leaderboards');
    let answered = 0;
    const reads = connections.flatMap((connection, line) =>
      Array.from({ length: 300 }, (_, at) =>
        ask(connection, `unknown-${line}-${at}`).finally(() => {
          answered += 1;
        }),
      ),
    );
    // What came before on the same connection is there when this is answered.
    const pings = connections.map((connection) => connection.unary(PING, Buffer.alloc(0)));
    for (const { code } of await Promise.all(pings)) expect(code).toBe(grpc.status.OK);
    const asked = ask(modest, 'modest-unknown');
    expect((await modest.unary(PING, Buffer.alloc(0))).code).toBe(grpc.status.OK);
    expect(answered).toBe(0);
    await holder.end();
    const { reason } = await asked;
    expect(reason).toBe('LEADERBOARD_NOT_FOUND');
    // In a line it would be the last.
    expect(answered).toBeLessThan(reads.length / 2);
    const answers = await Promise.all(reads);
    expect(new Set(answers.map(({ reason }) => reason))).toEqual(
      new Set(['LEADERBOARD_NOT_FOUND']),
    );
    for (const connection of connections) connection[Symbol.dispose]();
  });
});

describe('a reader who lists leaderboards all the time', () => {
  it('keeps nobody from the index, nor from a new leaderboard', async () => {
    const request = ListLeaderboardsRequest.encode({ pageSize: 1_000, pageToken: '' }).finish();
    using lister = service.wire('reader');
    const client = service.client('admin');
    let listing = true;
    let lists = 0;
    const loops = Array.from({ length: 500 }, async () => {
      while (listing) {
        const { code } = await lister.unary(LIST_LEADERBOARDS, request);
        expect(code).toBe(grpc.status.OK);
        lists += 1;
      }
    });
    try {
      await expect.poll(() => lists, { timeout: 10_000 }).toBeGreaterThan(50);
      const before = lists;
      const redis = new Redis(service.redisUrl);
      await redis.flushdb();
      redis.disconnect();
      const submit = (leaderboardId: string) =>
        client.scores.submit({ leaderboardId, playerId: 'p', score: 1 });
      await submit('new-beside-lists');
      await expect
        .poll(async () => (await submit('known')).ranked, { interval: 5, timeout: 10_000 })
        .toBe(true);
      // By the lists that were answered meanwhile, whatever the speed of the machine.
      expect(lists - before).toBeLessThan(2_000);
    } finally {
      listing = false;
      await Promise.all(loops);
    }
  });
});
