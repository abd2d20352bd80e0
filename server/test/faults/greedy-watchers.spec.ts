import grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WatchStandingsRequest, WatchStandingsResponse } from '../../src/gen/rostrum/v1/watch.js';
import { RostrumCli } from '../support/rostrum-cli.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { createTestRedis, type TestRedis } from '../support/test-redis.ts';
import { standingsRequest } from '../support/watch/watch-call.js';
import { WireCaller } from '../support/wire-caller.ts';

const STANDINGS = '/rostrum.v1.WatchService/WatchStandings';
const VIEWS = 60;
const ROWS = 1_000;
const MAX_ROWS = 40_000;

let database: TestDatabase;
let redis: TestRedis;
let server: ServerProcess;
let greedy: WireCaller;
/** Of another identity. */
let modest: WireCaller;

beforeAll(async () => {
  [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  server = await startServerProcess({
    databaseUrl: database.url,
    redisUrl: redis.url,
    env: { ROSTRUM_MAX_WATCHED_ROWS: String(MAX_ROWS) },
  });
  greedy = new WireCaller(server.address, 'reader');
  modest = new WireCaller(server.address, 'admin');
  for (const from of [0, ROWS]) {
    const players = Array.from({ length: ROWS }, (_, at) => ({
      leaderboardId: 'large',
      playerId: playerId(from + at),
      score: from + at,
      displayName: 'n'.repeat(60),
      metadata: { note: 'm'.repeat(900) },
    }));
    const { answer } = await modest.batch(players);
    expect(answer.code).toBe(grpc.status.OK);
  }
});

afterAll(async () => {
  greedy?.[Symbol.dispose]();
  modest?.[Symbol.dispose]();
  await server?.kill();
  await Promise.all([database?.[Symbol.asyncDispose](), redis?.[Symbol.asyncDispose]()]);
});

function playerId(at: number): string {
  return `p${at}`.padEnd(128, 'x');
}

/** A list of players like no other. */
function listOf(from: number): Buffer {
  const playerIds = Array.from({ length: ROWS }, (_, at) => playerId((from + at) % (2 * ROWS)));
  const view = { $case: 'players', value: { playerIds } } as const;
  return Buffer.from(WatchStandingsRequest.encode({ ...standingsRequest('large'), view }).finish());
}

it('one identity that watches many long lists has a part of the rows, and others go between', async () => {
  const refused: string[] = [];
  let snapshots = 0;
  const watches = Array.from({ length: VIEWS }, (_, at) => {
    const call = greedy.stream(STANDINGS, listOf(at));
    let isFirst = true;
    call.on('error', (error: grpc.ServiceError) => refused.push(error.details));
    call.on('data', (bytes: Buffer) => {
      if (!isFirst) return;
      isFirst = false;
      const { event } = WatchStandingsResponse.decode(bytes);
      if (event?.$case === 'snapshot') snapshots += 1;
    });
    return call;
  });
  const meanwhile: number[] = [];
  while (snapshots + refused.length < VIEWS) {
    const before = snapshots;
    const { code } = await modest.submit({ leaderboardId: 'small', playerId: 'p' });
    expect(code).toBe(grpc.status.OK);
    meanwhile.push(snapshots - before);
  }
  // An identity has 90 % of the rows, a connection 90 % of that.
  expect(snapshots).toBe(Math.floor((0.81 * MAX_ROWS) / ROWS));
  expect(refused[0]).toContain('reader/reader');
  expect(Math.max(...meanwhile)).toBeLessThan(10);

  const [stats] = await new RostrumCli(server.address).json('stats');
  expect(stats).toMatchObject({
    watches: { views: snapshots, rows: snapshots * ROWS },
    identities: expect.arrayContaining([
      expect.objectContaining({
        identity: 'reader/reader',
        watchedRows: snapshots * ROWS,
        refused: refused.length,
        fullest: 'watched_rows',
      }),
    ]),
  });
  // Someone else still finds room, and room is free again once the watches are gone.
  expect((await modest.firstOf(STANDINGS, listOf(VIEWS))).code).toBe(grpc.status.OK);
  for (const watch of watches) watch.cancel();
  await expect
    .poll(async () => (await greedy.firstOf(STANDINGS, listOf(VIEWS + 1))).code)
    .toBe(grpc.status.OK);
});

it('a server with many long views open ends in order, also when nobody reads its log', async () => {
  const opened = Array.from({ length: 20 }, (_, at) => {
    const call = greedy.stream(STANDINGS, listOf(at));
    return new Promise((resolve) => call.once('data', resolve));
  });
  await Promise.all(opened);
  server.closeLog();
  expect(await server.terminate()).toEqual({ code: 0, signal: null });
});
