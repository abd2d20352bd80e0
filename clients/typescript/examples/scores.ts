import { isRostrumError, type RostrumClient } from '@rostrum/client';

/** Submits one score, some in a batch, and many over a stream. Needs the role writer. */
export async function scores(client: RostrumClient): Promise<string[]> {
  const lines: string[] = [];

  const result = await client.scores.submit({
    leaderboardId: 'arena',
    playerId: 'ada',
    score: 1200,
  });
  lines.push(`${result.outcome}: rank ${result.standing.rank} of ${result.totalPlayers}`);

  const items = await client.scores.batchSubmit([
    { leaderboardId: 'arena', playerId: 'bob', score: 900 },
    { leaderboardId: 'arena', playerId: 'not an id', score: 1 },
  ]);
  for (const item of items) lines.push(item.ok ? item.result.outcome : `${item.error.reason}`);

  await using stream = client.scores.stream();
  const results = [];
  for (let n = 0; n < 1_000; n++) {
    await stream.ready(); // waits while enough is on its way
    results.push(stream.submit({ leaderboardId: 'arena', playerId: `p${n}`, score: n }));
  }
  const last = (await Promise.all(results)).at(-1);
  lines.push(`p999: rank ${last?.standing.rank}`);

  try {
    await client.scores.submit({ leaderboardId: 'arena', playerId: '', score: 1 });
  } catch (error) {
    if (!isRostrumError(error, 'INVALID_FIELD')) throw error;
    lines.push(error.fieldViolations.map(({ field }) => field).join());
  }
  return lines;
}
