import type { LiveView, RostrumClient } from '@rostrum/client';

/** Follows the top three until somebody else leads. Needs the role reader. */
export async function waitForNewLeader(client: RostrumClient, leader: string): Promise<string> {
  const view = client.leaderboard('arena').watch({ view: { top: 3 } });
  for await (const { standings, changes } of view) {
    for (const { kind, playerId } of changes) console.log(kind, playerId);
    const first = standings[0];
    if (first && first.playerId !== leader) return first.playerId; // leaving the loop ends the watch
  }
  throw new Error('the view was closed');
}

/** Shows the leader, and whether that is what the server shows now. */
export function showLeader(client: RostrumClient, show: (line: string) => void): LiveView {
  const view = client.leaderboard('arena').watch({ view: { top: 1 } });
  view.onUpdate(({ standings }) => show(`leader: ${standings[0]?.playerId}`));
  view.onState((state) => {
    if (state.status === 'live') show('live');
    if (state.status === 'interrupted') show(`old: ${state.error.reason}`);
    if (state.status === 'closed') show(`over: ${state.error ?? 'as we wanted'}`);
  });
  return view;
}

/** Shows the top three from the first score on, also where there is none yet, as at the start of a server. */
export function watchFromTheStart(client: RostrumClient): LiveView {
  const arena = client.leaderboard('arena');
  return arena.watch({ view: { top: 3 } }, { awaitLeaderboard: true });
}

/** Collects every change of a ranking, from where it left off, until it is told to stop. */
export async function followChanges(
  client: RostrumClient,
  save: (resumeToken: string, revisions: readonly number[]) => Promise<void>,
  { resumeToken, signal }: { resumeToken?: string; signal: AbortSignal },
): Promise<void> {
  const arena = client.leaderboard('arena');
  for await (const message of arena.changes({ resumeToken }, { signal })) {
    await save(
      message.resumeToken,
      message.changes.map(({ revision }) => revision),
    );
  }
}
