/** A leaderboard that the machine plays on. */
export interface Board {
  readonly id: string;
  readonly aggregation: 'BEST' | 'SUM' | 'LATEST';
  readonly sortOrder: 'DESCENDING' | 'ASCENDING';
  readonly players: number;
  /** Least and most score of a submission: few, so that many players tie. */
  readonly scores: readonly [number, number];
  readonly subscores: readonly [number, number];
}

export const BOARDS: readonly Board[] = [
  {
    id: 'best',
    aggregation: 'BEST',
    sortOrder: 'DESCENDING',
    players: 120,
    scores: [-20, 600],
    subscores: [0, 2],
  },
  {
    id: 'sum',
    aggregation: 'SUM',
    sortOrder: 'DESCENDING',
    players: 80,
    scores: [-2, 9],
    subscores: [0, 0],
  },
  // Every other player submits with client times, the others without.
  {
    id: 'latest',
    aggregation: 'LATEST',
    sortOrder: 'ASCENDING',
    players: 60,
    scores: [0, 100],
    subscores: [0, 1],
  },
];

/** These get a good part of all submissions. */
export const HOT_PLAYERS = 5;

export function playerId(player: number): string {
  return `p${player}`;
}

/** The number in a player's id; -1 for an id that is none of ours. */
export function playerNumber(id: string): number {
  return /^p[0-9]+$/.test(id) ? Number(id.slice(1)) : -1;
}

/** Whether submissions of the player carry a client time. */
export function hasClientTimes(board: Board, player: number): boolean {
  return board.aggregation === 'LATEST' && player % 2 === 1;
}
