import { migrate } from '../../server/dist/stores/postgres/migrate.js';
import { FUNCTION_SET } from '../../server/dist/stores/postgres/sql-file.js';
import { BOARD, PLAYER_DIGITS, SCORE_LIMIT } from './operations.ts';
import { query } from './stores.ts';

/** How many players one statement makes. */
const CHUNK = 100_000;
/** Versions of entries of two boards never meet. */
const VERSIONS_APART = 16_777_216;

/** Boards beside the large one, each with as many players. */
export interface OtherBoards {
  readonly names: readonly string[];
  readonly players: number;
}

/**
 * Makes the board with its players: each with one accepted submission and a random score. The
 * entries are written as the server would have, without the log of their submissions.
 */
export async function seed(
  databaseUrl: string,
  players: number,
  others: readonly OtherBoards[] = [],
): Promise<void> {
  await migrate(databaseUrl);
  const boards = [
    { name: BOARD, players },
    ...others.flatMap((each) => each.names.map((name) => ({ name, players: each.players }))),
  ];
  for (const [number, board] of boards.entries()) {
    await fill(databaseUrl, board.name, board.players, number * VERSIONS_APART);
  }
  // Later versions are above all of those.
  await query(databaseUrl, `SELECT setval('rostrum.version_blocks', $1::bigint)`, [
    boards.length * VERSIONS_APART,
  ]);
  await query(databaseUrl, 'VACUUM ANALYZE');
  await query(databaseUrl, 'CHECKPOINT');
}

async function fill(
  databaseUrl: string,
  board: string,
  players: number,
  firstVersion: number,
): Promise<void> {
  // Best score counts, the highest first.
  await query(
    databaseUrl,
    `SELECT ${FUNCTION_SET}.create_leaderboard($1, '', 1::int2, 1::int2, 1::int2, NULL)`,
    [board],
  );
  const [ranking] = await query<{ ranking_no: string }>(
    databaseUrl,
    `SELECT k.ranking_no FROM rostrum.rankings k JOIN rostrum.leaderboards b USING (board_no)
     WHERE b.leaderboard_id = $1`,
    [board],
  );
  const playerId = `'p' || lpad(g::text, ${PLAYER_DIGITS}, '0')`;
  for (let from = 0; from < players; from += CHUNK) {
    const series = `generate_series(${from}, ${Math.min(players, from + CHUNK) - 1}) AS g`;
    await query(
      databaseUrl,
      `INSERT INTO rostrum.players (player_id) SELECT ${playerId} FROM ${series}
       ON CONFLICT DO NOTHING`,
    );
    await query(
      databaseUrl,
      `INSERT INTO rostrum.entries (ranking_no, player_id, score, subscore, reached, version,
                                    submissions, client_us, achieved_us, update_us)
       SELECT $1, ${playerId}, floor(random() * ${SCORE_LIMIT}), 0, $2::bigint + 4096 + g,
              $2::bigint + 4096 + g, 1, t, t, t
       FROM ${series}, (SELECT (extract(epoch FROM now()) * 1000000)::bigint AS t)`,
      [ranking?.ranking_no, firstVersion],
    );
  }
}

/** How many submissions of a run are recorded, and how many of them were applied. */
export async function countSubmissions(
  databaseUrl: string,
  run: string,
): Promise<{ recorded: number; applied: number }> {
  const [row] = await query<{ recorded: string; applied: string }>(
    databaseUrl,
    `SELECT count(*) AS recorded, count(*) FILTER (WHERE outcome = 1) AS applied
     FROM rostrum.submissions WHERE submission_id LIKE $1 || '-%'`,
    [run],
  );
  return { recorded: Number(row?.recorded), applied: Number(row?.applied) };
}
