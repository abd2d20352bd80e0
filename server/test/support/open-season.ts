import { Client } from 'pg';

/** Opens another season of a leaderboard: from then on submissions count in one ranking more. */
export async function openSeason(
  databaseUrl: string,
  leaderboardId: string,
): Promise<{ rankingNo: number; seasonNo: number }> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ ranking_no: string; season_no: string }>(
      `WITH s AS (
         INSERT INTO rostrum.seasons (board_no, season_id)
         SELECT board_no, '2' FROM rostrum.leaderboards WHERE leaderboard_id = $1
         RETURNING *
       ), k AS (
         INSERT INTO rostrum.rankings (board_no, season_no) SELECT board_no, season_no FROM s
         RETURNING *
       ), m AS (
         INSERT INTO rostrum.index_marks (ranking_no) SELECT ranking_no FROM k
       )
       SELECT ranking_no, season_no FROM k`,
      [leaderboardId],
    );
    return { rankingNo: Number(rows[0]?.ranking_no), seasonNo: Number(rows[0]?.season_no) };
  } finally {
    await client.end();
  }
}
