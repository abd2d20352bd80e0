// A match server: it plays matches, and streams their scores to Rostrum. While Rostrum is away the scores wait on
// disk, and they survive the end of this process too; each counts once.
//
//   node match-server.ts --directory /var/lib/game/scores --leaderboard arena
//
// It connects as the environment says: ROSTRUM_ADDRESS, ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT, ROSTRUM_TLS_KEY.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RostrumClient } from '@rostrum/client';
import { ScoreOutbox } from './score-outbox.ts';

export interface MatchServerOptions {
  /** Where scores wait. */
  readonly directory: string;
  readonly leaderboardId: string;
  /** It ends after so many, when all their scores are recorded. Infinity: never. */
  readonly matches: number;
  /** The time between two matches. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
}

const PLAYERS = ['ada', 'bob', 'cat', 'dan'];

export async function playMatches(
  client: RostrumClient,
  { directory, leaderboardId, matches, pauseMs, signal }: MatchServerOptions,
): Promise<void> {
  await using outbox = await ScoreOutbox.open(client, {
    directory,
    maxScores: 100_000,
    onRefused: ({ playerId }, error) => console.error(`a score of ${playerId}: ${error.message}`),
    onBlocked: (error) => console.error('scores wait', error),
  });
  for (let match = 0; match < matches && !signal.aborted; match += 1) {
    for (const playerId of PLAYERS) {
      // The players see their scores at once; their ranks come when they come.
      await outbox
        .add({ leaderboardId, playerId, score: Math.floor(Math.random() * 1_000) })
        .catch((error: Error) => console.error(`a score is lost: ${error.message}`));
    }
    await pause(pauseMs, signal);
  }
  while (outbox.waiting > 0 && !signal.aborted) await pause(pauseMs, signal);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      directory: { type: 'string', default: 'scores' },
      leaderboard: { type: 'string', default: 'arena' },
      matches: { type: 'string', default: 'Infinity' },
      pause: { type: 'string', default: '100' },
    },
  });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await using client = RostrumClient.connect();
  await playMatches(client, {
    ...{ directory: values.directory, leaderboardId: values.leaderboard, signal: stop.signal },
    ...{ matches: Number(values.matches), pauseMs: Number(values.pause) },
  });
}

if (import.meta.main) await main();
