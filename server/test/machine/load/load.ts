import { setTimeout as delay } from 'node:timers/promises';
import {
  Aggregation,
  CreateLeaderboardRequest,
  SortOrder,
} from '../../../../clients/typescript/dist/gen/rostrum/v1/leaderboard.js';
import { BOARDS } from '../boards.ts';
import type { History } from '../history.ts';
import { Random } from '../random.ts';
import type { Stage } from '../stage/stage.ts';
import { unary } from './callers.ts';
import { Crew } from './crew.ts';
import { FeedRecorder } from './feed-recorder.ts';
import { Readers } from './readers.ts';
import { ViewWatcher } from './view-watcher.ts';
import { Writers } from './writers.ts';

/** All clients of one run. */
export interface Load {
  readonly writers: Writers;
  readonly readers: Readers;
  readonly feeds: readonly FeedRecorder[];
  readonly views: readonly ViewWatcher[];
  /** For the last look, when the load has ended. */
  readonly admins: Crew;
  /** Ends the watches and closes all connections; end writers and readers before. */
  stop(): Promise<void>;
}

/** Makes the boards, opens the watches, and begins to write and read. */
export async function startLoad(stage: Stage, history: History, seed: number): Promise<Load> {
  const addresses = stage.servers.map(({ address }) => address);
  const certificates = stage.certificates.directory;
  const admins = new Crew(addresses, certificates, 'admin');
  const [admin] = admins.callers;
  if (admin === undefined) throw new Error('there is no server');
  for (const { id, aggregation, sortOrder } of BOARDS) {
    const leaderboard = {
      leaderboardId: id,
      aggregation: Aggregation[`AGGREGATION_${aggregation}`],
      sortOrder: SortOrder[`SORT_ORDER_${sortOrder}`],
      subscoreSortOrder: SortOrder.SORT_ORDER_DESCENDING,
    };
    const request = CreateLeaderboardRequest.fromPartial({ leaderboard });
    const { leaderboards } = admin;
    const result = await unary(leaderboards, leaderboards.createLeaderboard, request, 20_000);
    if ('error' in result) throw result.error;
  }
  const watches = new Crew(addresses, certificates, 'reader');
  const { callers } = watches;
  // One of each board at each server, and one that goes from server to server.
  const feeds = BOARDS.flatMap((board, number) => [
    ...callers.map(
      (caller, server) =>
        new FeedRecorder(history, `feed of ${board.id} at server ${server}`, number, [caller]),
    ),
    new FeedRecorder(history, `roaming feed of ${board.id}`, number, callers),
  ]);
  const views = BOARDS.flatMap((board, number) => [
    ...callers.map(
      (caller, server) =>
        new ViewWatcher(history, `top 10 of ${board.id} at server ${server}`, number, { top: 10 }, [
          caller,
        ]),
    ),
    new ViewWatcher(
      history,
      `roaming view around p1 of ${board.id}`,
      number,
      { around: 1, count: 7 },
      rotated(callers, number),
    ),
    new ViewWatcher(
      history,
      `roaming view of players of ${board.id}`,
      number,
      { players: [0, 3, 17, 40, board.players + 5] },
      rotated(callers, number + 1),
    ),
  ]);
  for (let waited = 0; !feeds.every(({ isOpen }) => isOpen); waited += 20) {
    if (waited > 30_000) throw new Error('the feeds did not begin within 30 s');
    await delay(20);
  }
  // The first list of each feed recorder must find the boards empty.
  for (let waited = 0; history.segments.some(({ base }) => base === undefined); waited += 20) {
    if (waited > 30_000) throw new Error('the feeds were not read within 30 s');
    await delay(20);
  }
  const random = new Random(seed ^ 0x5bd1e995);
  const writers = new Writers(history, random, addresses, certificates);
  const readers = new Readers(history, new Random(seed ^ 0x27d4eb2f), addresses, certificates);
  return {
    writers,
    readers,
    feeds,
    views,
    admins,
    async stop() {
      await Promise.all([...feeds, ...views].map((watch) => watch.stop()));
      watches.close();
      admins.close();
    },
  };
}

function rotated<T>(values: readonly T[], by: number): T[] {
  const at = by % values.length;
  return [...values.slice(at), ...values.slice(0, at)];
}
