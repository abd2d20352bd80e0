import { isRostrumError, type RostrumClient } from '@rostrum/client';

/** Submits one score, some in a batch, and many. Needs the role writer. */
export async function scores(client: RostrumClient): Promise<string[]> {
  const arena = client.leaderboard('arena');
  const lines: string[] = [];

  const result = await arena.submit({ playerId: 'ada', score: 1200 });
  lines.push(`${result.outcome}: rank ${result.standing.rank} of ${result.totalPlayers}`);

  const items = await arena.batchSubmit([
    { playerId: 'bob', score: 900 },
    { playerId: 'not an id', score: 1 },
  ]);
  for (const item of items) lines.push(item.ok ? item.result.outcome : `${item.error.reason}`);

  // Any iterable, also an asynchronous one: a file, a queue, the rows of a query.
  function* many() {
    for (let n = 0; n < 1_000; n++) yield { playerId: `p${n}`, score: n };
  }
  for await (const { ok, error, submission } of arena.submitAll(many())) {
    if (!ok) lines.push(`${submission.submissionId} failed: ${error.message}`);
  }

  await using stream = arena.stream(); // for scores that come one by one
  const { standing } = await stream.submit({ playerId: 'p999', score: 999.5 });
  lines.push(`p999: rank ${standing.rank}`);

  try {
    await arena.submit({ playerId: '', score: 1 });
  } catch (error) {
    if (!isRostrumError(error, 'INVALID_FIELD')) throw error;
    lines.push(error.fieldViolations.map(({ field }) => field).join());
  }
  return lines;
}
