/** A player of the demo. */
export interface DemoPlayer {
  readonly playerId: string;
  readonly displayName: string;
  /** How much better than the others, as a factor of the points made. */
  readonly skill: number;
}

// Names of several scripts and widths: the demo is also a test of the table.
const NAMES = ['Ada', 'Björn', '美咲', 'Chidi', 'Олена', 'Zoë', 'José', '지우', 'Priya', 'Nanook'];

/** Makes `count` players with distinct ids and names. */
export function demoPlayers(count: number): DemoPlayer[] {
  return Array.from({ length: count }, (_, index) => {
    const round = Math.floor(index / NAMES.length);
    const name = NAMES[index % NAMES.length] ?? '';
    return {
      playerId: `player-${String(index + 1).padStart(2, '0')}`,
      displayName: round === 0 ? name : `${name} ${round + 1}`,
      skill: 0.8 + 0.4 * Math.random(),
    };
  });
}

/** The points of one move: mostly some, now and then a lot, which is what moves the table. */
export function demoPoints(skill: number): number {
  const lucky = Math.random() < 0.08;
  return Math.round(skill * (lucky ? 300 + Math.random() * 400 : 10 + Math.random() * 90));
}
