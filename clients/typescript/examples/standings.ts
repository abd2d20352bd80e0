import type { RostrumClient } from '@rostrum/client';

/** Reads the top, one player, the neighbourhood, and friends. Needs the role reader. */
export async function standings(client: RostrumClient): Promise<string[]> {
  const arena = { leaderboardId: 'arena' };

  const top = await client.standings.list({ ...arena, pageSize: 3 });
  const lines = top.standings.map(({ rank, playerId, score }) => `${rank}. ${playerId} ${score}`);

  const { standing, totalPlayers } = await client.standings.get({ ...arena, playerId: 'ada' });
  lines.push(`ada: ${standing.rank} of ${totalPlayers}, better than ${standing.percentile} %`);

  const around = await client.standings.around({ ...arena, playerId: 'p500', count: 3 });
  lines.push(around.standings.map(({ playerId }) => playerId).join(' '));

  const playerIds = ['p1', 'ada', 'nobody'];
  const friends = await client.standings.batchGet({ ...arena, playerIds });
  for (const friend of friends.standings) lines.push(`${friend.relativeRank}: ${friend.playerId}`);
  lines.push(`without an entry: ${friends.missingPlayerIds}`);

  let players = 0;
  for await (const page of client.standings.pages({ ...arena, pageSize: 500 })) {
    players += page.standings.length;
  }
  lines.push(`${players} players`);
  return lines;
}
