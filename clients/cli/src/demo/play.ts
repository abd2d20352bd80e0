import { setTimeout as sleep } from 'node:timers/promises';
import type { RostrumClient, ScoreResult } from '@rostrum/client';
import { Times } from '../bench/times.js';
import { type DemoPlayer, demoPoints } from './demo-players.js';

/** What the players of a demo have done so far. */
export class DemoRecord {
  readonly times = new Times();
  readonly outcomes = new Map<ScoreResult['outcome'], number>();
  submissions = 0;

  add(outcome: ScoreResult['outcome'], milliseconds: number): void {
    this.submissions++;
    this.times.record(milliseconds);
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}

export interface PlayOptions {
  readonly leaderboardId: string;
  /** Submissions a second. */
  readonly rate: number;
  /** The score that the player begins with. */
  readonly from: number;
  /** Ends the game: no more submissions, and the last ones are waited for. */
  readonly over: AbortSignal;
  /** Gives up, also on what was not answered. */
  readonly abort: AbortSignal;
  readonly record: DemoRecord;
}

/**
 * Plays one player over a stream of its own until the game is over: a score that grows, submitted
 * with the time of the move.
 *
 * @throws RostrumError when a submission is refused; the reason of `abort`
 */
export async function play(
  client: RostrumClient,
  player: DemoPlayer,
  { leaderboardId, rate, from, over, abort, record }: PlayOptions,
): Promise<void> {
  const stream = client.scores.stream({ signal: abort });
  const { playerId, displayName, skill } = player;
  const failure = new AbortController();
  const stop = AbortSignal.any([over, abort, failure.signal]);
  let score = from;
  let lastTime = 0;
  while (await pause((1000 / rate) * (0.5 + Math.random()), stop)) {
    await stream.ready();
    score += demoPoints(skill);
    // Two moves in one millisecond would be equally new, and the second one stale.
    lastTime = Math.max(Date.now(), lastTime + 1);
    const start = performance.now();
    stream
      .submit({ leaderboardId, playerId, displayName, score, clientTime: new Date(lastTime) })
      .then(
        (result) => record.add(result.outcome, performance.now() - start),
        (error: unknown) => failure.abort(error),
      );
  }
  await stream.end();
  if (failure.signal.aborted) throw failure.signal.reason;
}

/** Waits; false when the signal ended the waiting. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(milliseconds, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
