import type { RostrumClient } from '@rostrum/client';

/** Asks a server how it is and checks a board's index. Needs the role admin. */
export async function admin(client: RostrumClient): Promise<string[]> {
  const lines = [`the server is ${await client.health.check()}`];

  const { role, name } = await client.admin.ping();
  lines.push(`I am ${role}/${name}`);

  const stats = await client.admin.stats();
  lines.push(...stats.stores.map((store) => `${store.name} is ${store.state}`));

  for await (const { done, differenceCount } of client.admin.verify({ leaderboardId: 'arena' })) {
    if (done) lines.push(`${differenceCount} differences`);
  }
  for await (const { done, built } of client.admin.rebuild({ leaderboardId: 'arena' })) {
    if (done) lines.push(`built ${built} entries`);
  }
  return lines;
}
