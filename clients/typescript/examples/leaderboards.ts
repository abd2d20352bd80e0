import type { RostrumClient } from '@rostrum/client';

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
  return names;
}
