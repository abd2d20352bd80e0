import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSeason } from '../support/open-season.ts';
import { RostrumCli } from '../support/rostrum-cli.ts';
import { useTestService } from '../support/test-service.ts';

const AGREES = { done: true, checked: 2, differenceCount: 0 };

const service = useTestService();
let postgres: Client;

beforeAll(async () => {
  postgres = new Client({ connectionString: service.databaseUrl });
  await postgres.connect();
});

afterAll(() => postgres?.end());

async function sql<Row extends Record<string, unknown>>(text: string): Promise<Row[]> {
  return (await postgres.query<Row>(text)).rows;
}

function submit(playerId: string, submissionId: string, score: number, to = service.server) {
  const submission = { leaderboardId: 'pair', playerId, submissionId, score };
  return service.client('writer', to).scores.submit(submission);
}

test('a submission counts in each ranking of its board, once in the log, and all indexes have it', async () => {
  await service.client('admin').leaderboards.create({ leaderboardId: 'pair', aggregation: 'SUM' });
  const later = await openSeason(service.databaseUrl, 'pair');

  expect(await submit('p', 'a', 5)).toMatchObject({ outcome: 'APPLIED', replayed: false });
  await submit('q', 'b', 6);
  expect(await submit('p', 'c', 2)).toMatchObject({
    outcome: 'APPLIED',
    standing: { rank: 1, score: 7 },
    previousRank: 2,
    previousScore: 5,
  });
  expect(await submit('p', 'a', 5)).toMatchObject({ outcome: 'APPLIED', replayed: true });

  const log = await sql(
    'SELECT season_no::int, submission_id FROM rostrum.submissions ORDER BY version',
  );
  const first = later.seasonNo - 1;
  expect(log).toEqual(['a', 'b', 'c'].map((id) => ({ season_no: first, submission_id: id })));
  const entries = await sql(
    'SELECT ranking_no::int, player_id, score FROM rostrum.entries ORDER BY 1, 2',
  );
  expect(entries).toEqual(
    [later.rankingNo - 1, later.rankingNo].flatMap((ranking_no) => [
      { ranking_no, player_id: 'p', score: 7 },
      { ranking_no, player_id: 'q', score: 6 },
    ]),
  );
  // Both indexes have confirmed every batch.
  await expect.poll(() => sql('SELECT * FROM rostrum.outbox')).toEqual([]);
  const marks = await sql(
    'SELECT ranking_no::int, whole FROM rostrum.index_marks WHERE settled_revision > 0 ORDER BY 1',
  );
  expect(marks).toEqual(
    entries.filter((_, at) => at % 2 === 0).map(({ ranking_no }) => ({ ranking_no, whole: true })),
  );
  expect((await service.cli().json('verify', 'pair')).at(-1)).toMatchObject(AGREES);
});

test('when the first of them ends, the board is the next one, with all that counted in it', async () => {
  await sql(`UPDATE rostrum.seasons SET end_time = now() WHERE season_id = '1'`);
  const fresh = await service.startServer();
  const shown = await service
    .client('reader', fresh)
    .standings.get({ leaderboardId: 'pair', playerId: 'p' });
  expect(shown).toMatchObject({
    standing: { rank: 1, score: 7, submissionCount: 2 },
    totalPlayers: 2,
  });
  // From the index of the second ranking, which had no read yet.
  expect(shown.revision).toBeGreaterThan(0);
  expect((await new RostrumCli(fresh.address).json('verify', 'pair')).at(-1)).toMatchObject(AGREES);
  const again = await submit('p', 'a', 5, fresh);
  expect(again).toMatchObject({ outcome: 'APPLIED', replayed: true, standing: { score: 7 } });
  await submit('q', 'd', 3, fresh);
  const counts = await sql(
    'SELECT ranking_no::int % 2 AS which, player_id, submissions FROM rostrum.entries ORDER BY ranking_no, 2',
  );
  expect(counts.map(({ submissions }) => submissions)).toEqual([2, 1, 2, 2]);
});
