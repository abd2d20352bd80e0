import type { RostrumClient } from '@rostrum/client';

/** Reads the top, one player, the neighbourhood, and friends. Needs the role reader. */
export async function standings(client: RostrumClient): Promise<string[]> {
  const arena = client.leaderboard('arena');

  const top = await arena.top({ count: 3 });
  const lines = top.standings.map(({ rank, playerId, score }) => `${rank}. ${playerId} ${score}`);

  const { standing, totalPlayers } = await arena.get({ playerId: 'ada' });
  lines.push(`ada: ${standing.rank} of ${totalPlayers}, better than ${standing.percentile} %`);

  const newcomer = await arena.find({ playerId: 'nobody' }); // undefined where `get` would throw
  lines.push(`nobody: ${newcomer?.standing.rank ?? 'no rank yet'}`);

  const around = await arena.around({ playerId: 'p500', count: 3 });
  lines.push(around.standings.map(({ playerId }) => playerId).join(' '));

  const friends = await arena.batchGet({ playerIds: ['p1', 'ada', 'nobody'] });
  for (const friend of friends.standings) lines.push(`${friend.relativeRank}: ${friend.playerId}`);
  lines.push(`without a standing: ${friends.missingPlayerIds}`);

  let players = 0;
  for await (const { score } of arena.list()) if (score >= 500) players += 1;
  lines.push(`${players} players with 500 or more`);
  return lines;
}
