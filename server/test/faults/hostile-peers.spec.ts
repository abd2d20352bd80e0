import { gzipSync } from 'node:zlib';
import grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rssMib } from '../../../scripts/soak/memory.ts';
import {
  WatchChangesRequest,
  WatchChangesResponse,
  WatchStandingsRequest,
} from '../../src/gen/rostrum/v1/watch.js';
import {
  callHeaders,
  END_STREAM,
  FRAME,
  HostilePeer,
  h2Frame,
  literal,
} from '../support/hostile-peer.ts';
import { frame } from '../support/raw-http2.ts';
import { TestService } from '../support/test-service.ts';
import { changesRequest, standingsRequest } from '../support/watch/watch-call.ts';
import { WireCaller } from '../support/wire-caller.ts';

const BATCH = '/rostrum.v1.ScoreService/BatchSubmitScores';
const PING = '/rostrum.v1.AdminService/Ping';
/** What 64 MiB of one connection may take with what the collector has not freed yet. */
const BOUND_MIB = 350;

const service = new TestService();
let modest: WireCaller;
let peer: HostilePeer;

beforeEach(async () => {
  await service.start();
  modest = service.wire('admin');
  await submit();
  peer = await HostilePeer.connect(Number(service.server.address.split(':').pop()), 'writer');
});

afterEach(async () => {
  peer?.[Symbol.dispose]();
  await service.stop();
});

async function submit(): Promise<void> {
  const { code, message } = await modest.submit({ leaderboardId: 'known', playerId: 'p' });
  expect(code, message).toBe(grpc.status.OK);
}

/** The most memory that the server takes, in MiB, while `attack` runs beside another caller. */
async function mostMemoryDuring(attack: () => Promise<void>): Promise<number> {
  const pid = service.server.pid as number;
  const before = rssMib(pid);
  let most = before;
  let running = true;
  const watching = (async () => {
    while (running) {
      await submit();
      most = Math.max(most, rssMib(pid));
    }
  })();
  await attack();
  running = false;
  await watching;
  return most - before;
}

describe('a peer that holds back the end of its requests', () => {
  it('of 4 MiB, in a hundred calls, takes a bounded memory', async () => {
    const begun = frame(Buffer.alloc(4_000_000)).subarray(0, -1);
    const most = await mostMemoryDuring(async () => {
      for (let stream = 1; stream < 200; stream += 2) {
        await peer.send(callHeaders(stream, BATCH));
        await peer.sendData(stream, begun);
      }
    });
    expect(most).toBeLessThan(BOUND_MIB);
    expect(peer.resets.size).toBeGreaterThan(0);
  });

  it('sent byte by byte, takes a bounded memory', async () => {
    await peer.send(callHeaders(1, BATCH));
    const begun = frame(Buffer.alloc(200_000)).subarray(0, -1);
    expect(
      await mostMemoryDuring(async () => void (await peer.sendData(1, begun, 1))),
    ).toBeLessThan(BOUND_MIB);
    expect(peer.resets.size).toBe(1);
  });
});

describe('a peer whose small requests become large', () => {
  it('by gzip, takes a bounded memory', async () => {
    const bomb = gzipSync(Buffer.alloc(4_000_000));
    const header = Buffer.from([1, 0, 0, 0, 0]);
    header.writeUInt32BE(bomb.byteLength, 1);
    const most = await mostMemoryDuring(async () => {
      for (let stream = 1; stream < 600; stream += 2) {
        await peer.send(callHeaders(stream, BATCH, [literal('grpc-encoding', 'gzip')]));
        await peer.sendData(stream, Buffer.concat([header, bomb]));
      }
    });
    expect(most).toBeLessThan(BOUND_MIB);
    expect(peer.resets.size).toBeGreaterThan(0);
  });
});

describe('peers that watch and stop reading from TCP', () => {
  const WATCH = '/rostrum.v1.WatchService/';
  const BATCHES = 150;
  const players = (batch: number) =>
    Array.from({ length: 100 }, (_, at) => ({
      leaderboardId: 'watched',
      playerId: `${'p'.repeat(60)}-${(100 * batch + at) % 1_000}`,
      score: 1_000 * batch + at,
    }));

  it('take a bounded memory, and others hear of everything', async () => {
    for (let batch = 0; batch < 10; batch += 1) await modest.batch(players(batch));
    using other = new WireCaller(service.server.address, 'reader');
    const told = new Set<bigint>();
    const watch = other.stream(
      `${WATCH}WatchChanges`,
      Buffer.from(WatchChangesRequest.encode(changesRequest('watched')).finish()),
    );
    const started = Promise.withResolvers<void>();
    watch.on('data', (bytes: Buffer) => {
      started.resolve();
      for (const { revision } of WatchChangesResponse.decode(bytes).changes) told.add(revision);
    });
    await started.promise;
    peer.stopReading();
    // All that HTTP/2 lets a peer ask for; what holds the server back is TCP alone.
    const settings = Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]);
    const window = Buffer.from([0x7f, 0xfe, 0, 0]);
    await peer.send(
      h2Frame(FRAME.SETTINGS, 0, 0, settings),
      h2Frame(FRAME.WINDOW_UPDATE, 0, 0, window),
    );
    for (let stream = 1; stream < 800; stream += 2) {
      const feed = stream % 4 === 1;
      const request = feed
        ? WatchChangesRequest.encode(changesRequest('watched'))
        : WatchStandingsRequest.encode(
            standingsRequest('watched', {
              view: { $case: 'top', value: { count: 1_000 } },
            }),
          );
      await peer.send(
        callHeaders(stream, `${WATCH}${feed ? 'WatchChanges' : 'WatchStandings'}`),
        h2Frame(FRAME.DATA, END_STREAM, stream, frame(request.finish())),
      );
    }
    const most = await mostMemoryDuring(async () => {
      for (let batch = 10; batch < 10 + BATCHES; batch += 1) await modest.batch(players(batch));
    });
    expect(most).toBeLessThan(BOUND_MIB);
    await expect.poll(() => told.size).toBe(100 * BATCHES);
    watch.cancel();
  });
});

describe('a flood of frames', () => {
  const cancel = Buffer.from([0, 0, 0, 8]);
  const unfinished = callHeaders(1, PING);
  unfinished[4] = 0;

  it.each([
    ['pings', () => h2Frame(FRAME.PING, 0, 0, Buffer.alloc(8))],
    ['settings', () => h2Frame(FRAME.SETTINGS, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]))],
    ['frames of no known kind', () => h2Frame(0xee, 0, 0, Buffer.alloc(0))],
    [
      'empty pieces of a request',
      (at: number) =>
        at === 0 ? callHeaders(1, BATCH) : h2Frame(FRAME.DATA, 0, 1, Buffer.alloc(0)),
    ],
    [
      'headers without an end',
      (at: number) =>
        at === 0
          ? unfinished
          : h2Frame(FRAME.CONTINUATION, 0, 1, literal(`k${at}`, 'v'.repeat(8_000))),
    ],
    [
      'calls that are taken back',
      (at: number) =>
        at % 2 === 0 ? callHeaders(at + 1, PING) : h2Frame(FRAME.RST_STREAM, 0, at, cancel),
    ],
  ])('of %s ends the connection', async (_name, make) => {
    for (let at = 0; at < 5_000_000 && !peer.isClosed; at += 500) {
      await peer.send(...Array.from({ length: 500 }, (_, each) => make(at + each)));
    }
    await peer.closed;
    await submit();
  });
});
