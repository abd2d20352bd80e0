import { RostrumClient } from '@rostrum/client';

/** The board that `npm start` fills and the README's commands speak of. */
export const SAMPLE_BOARD = 'demo';

/** Scores that the ten players of `rostrum demo` overtake within its half minute. */
const PLAYERS: readonly (readonly [playerId: string, displayName: string, score: number])[] = [
  ['ada', 'Ada', 2_650],
  ['grace', 'Grace', 2_120],
  ['linus', 'Linus', 1_745],
  ['margaret', 'Margaret', 1_744],
  ['dennis', 'Dennis', 1_310],
  ['barbara', 'Barbara', 905],
  ['ken', 'Ken', 905],
  ['radia', 'Radia', 480],
];

/**
 * Submits a score for each sample player. The submission ids are fixed, so a later start finds them
 * recorded and changes nothing, whatever has been played meanwhile: the board was `kept`, and has
 * `players` by now.
 */
export async function loadSampleBoard(options: {
  readonly address: string;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}): Promise<{ readonly players: number; readonly kept: boolean }> {
  const client = await RostrumClient.connect(options);
  try {
    const items = await client.scores.batchSubmit(
      PLAYERS.map(([playerId, displayName, score]) => ({
        leaderboardId: SAMPLE_BOARD,
        playerId,
        displayName,
        score,
        submissionId: `sample-${playerId}`,
      })),
    );
    const { totalPlayers } = await client.standings.listPage({
      leaderboardId: SAMPLE_BOARD,
      pageSize: 1,
    });
    return { players: totalPlayers, kept: items.every((item) => item.result?.replayed) };
  } finally {
    await client.close();
  }
}
