import { isRostrumError, type RostrumClient } from '@rostrum/client';

/** Creates a board for race times, renames it, and lists all boards. Needs the role admin. */
export async function leaderboards(client: RostrumClient): Promise<string[]> {
  await client.leaderboards.create({
    leaderboardId: 'race',
    sortOrder: 'ASCENDING', // the shortest time has rank 1
    aggregation: 'BEST',
  });
  await client.leaderboards.update({ leaderboardId: 'race', displayName: 'Race times' });

  const names: string[] = [];
  for await (const board of client.leaderboards.list()) {
    names.push(`${board.leaderboardId}: ${board.displayName}`);
  }
  const unknown = await client.leaderboards.find({ leaderboardId: 'derby' });
  names.push(`derby: ${unknown?.displayName ?? 'does not exist'}`);

  // What this part of the game takes for granted, and the board does not have:
  const race = client.leaderboard('race', { aggregation: 'SUM' });
  try {
    await race.check();
  } catch (error) {
    if (!isRostrumError(error, 'LEADERBOARD_RULES_DIFFER')) throw error;
    names.push(error.message);
  }
  return names;
}
