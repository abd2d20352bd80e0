import pg from 'pg';
import { type BoardSettings, NaiveBoard, type NaiveStanding } from './naive-board.js';

interface LoggedRow {
  player_id: string;
  submission_id: string;
  score: number;
  subscore: number;
  client_ms: number | null;
  metadata: Record<string, string> | null;
  outcome: number;
  previous_score: number | null;
}

const OUTCOMES = ['UNSPECIFIED', 'APPLIED', 'NOT_IMPROVED', 'STALE', 'DUPLICATE'];

/** What the log of submissions adds up to, in the order of its versions. */
export interface Replay {
  readonly board: NaiveBoard;
  readonly standings: readonly NaiveStanding[];
  /** Submissions for which the model comes to another outcome than is recorded. */
  readonly disagreements: readonly string[];
  /** By player and submission id. */
  readonly outcomes: ReadonlyMap<string, { outcome: string; previousScore: number | undefined }>;
}

/** Plays the recorded submissions of a board on the naive model. */
export async function replayLog(
  databaseUrl: string,
  leaderboardId: string,
  settings: BoardSettings,
): Promise<Replay> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  let rows: LoggedRow[];
  try {
    const answer = await client.query<LoggedRow>(
      `SELECT s.player_id, submission_id, score, subscore, client_us / 1000.0::float8 AS client_ms,
              s.metadata, outcome, previous_score
       FROM rostrum.submissions s JOIN rostrum.leaderboards b USING (board_no)
       WHERE leaderboard_id = $1 ORDER BY version`,
      [leaderboardId],
    );
    rows = answer.rows;
  } finally {
    await client.end();
  }
  const board = new NaiveBoard(settings);
  const disagreements: string[] = [];
  /** Every score that a player ever had. */
  const history = new Map<string, Set<number | undefined>>();
  const outcomes = new Map<string, { outcome: string; previousScore: number | undefined }>();
  for (const row of rows) {
    const result = board.submit({
      playerId: row.player_id,
      submissionId: row.submission_id,
      score: row.score,
      subscore: row.subscore,
      clientTime: row.client_ms === null ? undefined : new Date(row.client_ms),
      displayName: '',
      metadata: row.metadata ?? undefined,
    });
    const outcome = OUTCOMES[row.outcome] as string;
    const previousScore = row.previous_score ?? undefined;
    const scores = history.get(row.player_id) ?? new Set([undefined]);
    history.set(row.player_id, scores);
    // A stale submission changes nothing, so it may be taken for earlier or later than others that
    // were under way with it.
    const agrees =
      result.refused === undefined &&
      !result.replayed &&
      result.outcome === outcome &&
      (result.previousScore === previousScore ||
        (outcome === 'STALE' && scores.has(previousScore)));
    if (result.refused === undefined) scores.add(result.standing.score);
    if (!agrees) disagreements.push(`${JSON.stringify(row)}: ${JSON.stringify(result)}`);
    outcomes.set(`${row.player_id} ${row.submission_id}`, { outcome, previousScore });
  }
  return { board, standings: board.standings(), disagreements, outcomes };
}
