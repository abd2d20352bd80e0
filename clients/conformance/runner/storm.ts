import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../../../server/src/within.ts';
import type { Agent } from './agent.ts';
import type { Scope } from './fill-in.ts';
import type { Json, JsonObject } from './json.ts';
import type { Stage } from './stage.ts';

/** How long a storm may take in all, in milliseconds. */
const PATIENCE_MS = 240_000;
/** Submissions handed to the agent at a time. */
const PIECE = 200;

/**
 * Streams many submissions over a stream that is open, and kills the server again and again meanwhile (kill -9).
 * Each submission must be answered once and in order, and PostgreSQL must have each once.
 *
 * @throws Error that says what was lost, or counted twice
 */
export async function storm(
  options: JsonObject,
  agent: Agent,
  stage: Stage,
  scope: Scope,
): Promise<void> {
  const { stream, submissions, kills } = options as {
    stream: string;
    submissions: number;
    kills: number;
  };
  const leaderboardId = `${scope.get('board')}-storm`;
  const results = () => agent.events.filter((event) => event.stream === stream);
  const giveUpAt = performance.now() + PATIENCE_MS;
  let sent = 0;
  let killed = 0;
  let over = false;
  const killing = (async () => {
    for (let kill = 1; kill <= kills && !over; kill += 1) {
      // Spread over what is answered, so that each kill meets submissions on their way.
      const due = Math.floor((submissions * kill) / (kills + 1));
      while (results().length < due && !over) {
        if (performance.now() > giveUpAt) return;
        await within(
          1_000,
          agent.moreEvents(agent.events.length).catch(() => {}),
          undefined,
        );
      }
      if (over) return;
      await stage.a.server.kill();
      killed += 1;
      await delay(20);
      await stage.a.server.start();
    }
  })();
  try {
    while (sent < submissions) {
      const count = Math.min(PIECE, submissions - sent);
      const piece: Json[] = Array.from({ length: count }, (_, at) => ({
        leaderboardId,
        playerId: `p${(sent + at) % 500}`,
        score: 1,
        newLeaderboard: { aggregation: 'AGGREGATION_SUM' },
      }));
      sent += count;
      const { answer } = agent.request({ op: 'stream.submit', stream, submissions: piece });
      const answered = await within(giveUpAt - performance.now(), answer, undefined);
      if (answered?.ok === undefined) throw new Error(`not taken: ${JSON.stringify(answered)}`);
    }
    const { answer } = agent.request({ op: 'stream.end', stream });
    const ended = await within(giveUpAt - performance.now(), answer, undefined);
    if (ended?.ok === undefined) throw new Error(`the end: ${JSON.stringify(ended)}`);
  } finally {
    over = true;
    await killing;
  }
  if (killed !== kills) throw new Error(`the stream ended after ${killed} of ${kills} kills`);
  check(results(), submissions);
  const [row] = await stage.sql(
    `SELECT count(*)::int AS count, sum(score)::int AS total FROM rostrum.submissions
     JOIN rostrum.leaderboards USING (board_no) WHERE leaderboard_id = $1`,
    [leaderboardId],
  );
  if (row?.count !== submissions || row?.total !== submissions) {
    throw new Error(`PostgreSQL has ${row?.count} submissions, not ${submissions}`);
  }
}

function check(results: readonly JsonObject[], submissions: number): void {
  if (results.length !== submissions) {
    throw new Error(`${results.length} of ${submissions} were answered`);
  }
  for (const [at, { index, ok, error }] of results.entries()) {
    if (index !== at) throw new Error(`answer ${at} is of submission ${index}`);
    if (ok === undefined) throw new Error(`submission ${at} failed: ${JSON.stringify(error)}`);
  }
}
