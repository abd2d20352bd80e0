import type { RostrumClient } from '@rostrum/client';

/** Reads the top, one player, the neighbourhood, and friends. Needs the role reader. */
export async function standings(client: RostrumClient): Promise<string[]> {
  const arena = { leaderboardId: 'arena' };

  const top = await client.standings.top({ ...arena, count: 3 });
  const lines = top.standings.map(({ rank, playerId, score }) => `${rank}. ${playerId} ${score}`);

  const { standing, totalPlayers } = await client.standings.get({ ...arena, playerId: 'ada' });
  lines.push(`ada: ${standing.rank} of ${totalPlayers}, better than ${standing.percentile} %`);

  // Undefined where `get` would throw.
  const newcomer = await client.standings.find({ ...arena, playerId: 'nobody' });
  lines.push(`nobody: ${newcomer?.standing.rank ?? 'no rank yet'}`);

  const around = await client.standings.around({ ...arena, playerId: 'p500', count: 3 });
  lines.push(around.standings.map(({ playerId }) => playerId).join(' '));

  const playerIds = ['p1', 'ada', 'nobody'];
  const friends = await client.standings.batchGet({ ...arena, playerIds });
  for (const friend of friends.standings) lines.push(`${friend.relativeRank}: ${friend.playerId}`);
  lines.push(`without a standing: ${friends.missingPlayerIds}`);

  let players = 0;
  for await (const { score } of client.standings.list(arena)) if (score >= 500) players += 1;
  lines.push(`${players} players with 500 or more`);
  return lines;
}
