import { type RostrumClient, RostrumError } from '@rostrum/client';
import { Times } from './times.js';

/** What a load test does. */
export interface Load {
  readonly leaderboardId: string;
  /** Operations of each client. */
  readonly updates: number;
  /** How many players the submissions are spread over. */
  readonly players: number;
  /** The share of operations that read a player's rank instead of submitting, 0 to 1. */
  readonly readShare: number;
  /** Whether submissions go over a stream, many at once, instead of one call after the other. */
  readonly stream: boolean;
}

/** What came of a load test so far. */
export class LoadRecord {
  readonly writes = new Times();
  readonly reads = new Times();
  /** Failed operations by reason. */
  readonly errors = new Map<string, number>();
  done = 0;

  /** Runs one operation and records how it went; mistakes that no repetition mends are thrown. */
  async measure(times: Times, operation: () => Promise<unknown>): Promise<void> {
    const start = performance.now();
    try {
      await operation();
      times.record(performance.now() - start);
    } catch (error) {
      if (!(error instanceof RostrumError) || HOPELESS.includes(error.code)) throw error;
      const reason = error.reason ?? error.code;
      this.errors.set(reason, (this.errors.get(reason) ?? 0) + 1);
    }
    this.done++;
  }
}

const HOPELESS: readonly string[] = [
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'CANCELLED',
];

/**
 * Runs the operations of one client until they are done or the signal: one after the other, or as
 * fast as a stream takes them.
 *
 * @throws RostrumError for a mistake that every further operation would repeat
 */
export async function runClient(
  client: RostrumClient,
  load: Load,
  record: LoadRecord,
  signal: AbortSignal,
): Promise<void> {
  const { leaderboardId, updates, readShare } = load;
  const stream = load.stream ? client.scores.stream({ signal }) : undefined;
  const running = new Set<Promise<void>>();
  let failure: unknown;
  let readable: string | undefined;
  for (let count = 0; count < updates && !signal.aborted && failure === undefined; count++) {
    const playerId = `bench-${1 + Math.floor(Math.random() * load.players)}`;
    const known = readable;
    if (known !== undefined && Math.random() < readShare) {
      await record.measure(record.reads, () =>
        client.standings.get({ leaderboardId, playerId: known }, { signal }),
      );
      continue;
    }
    const submission = { leaderboardId, playerId, score: Math.floor(Math.random() * 1e9) };
    if (stream === undefined) {
      await record.measure(record.writes, () => client.scores.submit(submission, { signal }));
      readable = playerId;
      continue;
    }
    await stream.ready();
    const sent = record
      .measure(record.writes, () => stream.submit(submission))
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(() => {
        readable = playerId;
        running.delete(sent);
      });
    running.add(sent);
  }
  await Promise.all(running);
  await stream?.end();
  if (failure !== undefined) throw failure;
}
