import type { RankChange, Standing, StandingsEvent } from '@rostrum/client';
import { describe, expect, it } from 'vitest';
import { makeStyle } from '../output/style.js';
import { renderBoardScreen } from './board-screen.js';
import { LiveBoard, MARK_MS } from './live-board.js';

function standing(rank: number, playerId: string, score: number): Standing {
  return {
    rank,
    playerId,
    displayName: '',
    score,
    subscore: 0,
    percentile: 0,
    submissionCount: 1,
    achievedTime: undefined,
    updateTime: undefined,
    metadata: undefined,
  };
}

const snapshot: StandingsEvent = {
  type: 'snapshot',
  standings: [standing(1, 'ada', 300), standing(2, 'bo', 200), standing(3, 'cy', 100)],
  totalPlayers: 3,
  reset: false,
  revision: 7,
  resumeToken: 'a',
};

/** cy passes both others; dan replaces nobody. */
const overtaking: StandingsEvent = {
  type: 'changes',
  changes: [
    {
      kind: 'MOVED',
      playerId: 'cy',
      standing: standing(1, 'cy', 350),
      previousRank: 3,
      previousScore: 100,
      revision: 0,
    },
    {
      kind: 'MOVED',
      playerId: 'ada',
      standing: standing(2, 'ada', 300),
      previousRank: 1,
      previousScore: 300,
      revision: 0,
    },
    {
      kind: 'MOVED',
      playerId: 'bo',
      standing: standing(3, 'bo', 200),
      previousRank: 2,
      previousScore: 200,
      revision: 0,
    },
    { kind: 'ENTERED', playerId: 'dan', standing: standing(4, 'dan', 50), revision: 0 },
  ],
  totalPlayers: 4,
  revision: 9,
  resumeToken: 'b',
};

const time = new Date(2026, 10, 20, 9, 5, 3, 42);
const options = { title: 'arena · top 10', style: makeStyle(false) };

function watched(...events: readonly StandingsEvent[]): LiveBoard {
  const board = new LiveBoard();
  for (const event of events) board.apply(event, 1000, time);
  return board;
}

describe('a live board', () => {
  it('shows the standings in order, with old and new ranks, and the latest changes', () => {
    const board = watched(snapshot, overtaking);
    expect(renderBoardScreen(board, { columns: 72, rows: 24 }, 1500, options)).toEqual([
      `arena · top 10${' '.repeat(29)}4 players  revision 9  ● live`,
      '',
      'rank  move      player           score    change  plays',
      '   1  ▲ 3→1     cy                 350      +250      1',
      '   2  ▼ 1→2     ada                300                1',
      '   3  ▼ 2→3     bo                 200                1',
      '   4  + new     dan                 50                1',
      '',
      'latest changes',
      '09:05:03.042  +  dan  rank 4  score 50',
      '09:05:03.042  ▼  bo  rank 2 → 3  score 200',
      '09:05:03.042  ▼  ada  rank 1 → 2  score 300',
      '09:05:03.042  ▲  cy  rank 3 → 1  score 100 → 350',
    ]);
  });

  it('marks nothing for a snapshot, and forgets marks after a while', () => {
    const rows = (board: LiveBoard, now: number) =>
      renderBoardScreen(board, { columns: 72, rows: 8 }, now, options).slice(3).join('\n');
    expect(rows(watched(snapshot), 1000)).not.toMatch(/[▲▼+]/);
    const board = watched(snapshot, overtaking);
    expect(rows(board, 1000 + MARK_MS - 1)).toMatch(/▲ 3→1/);
    expect(rows(board, 1000 + MARK_MS)).not.toMatch(/[▲▼+]/);
  });

  it('takes a player away who left, and says so', () => {
    const board = watched(snapshot, {
      type: 'changes',
      changes: [
        { kind: 'LEFT', playerId: 'ada', previousRank: 1, previousScore: 300, revision: 0 },
      ],
      totalPlayers: 2,
      revision: 8,
      resumeToken: 'c',
    });
    expect(board.standings.map((row) => row.playerId)).toEqual(['bo', 'cy']);
    expect(board.latest(1)[0]?.movement).toMatchObject({ kind: 'left', playerId: 'ada' });
  });

  it('shows players of the same rank by their places', () => {
    const tied: StandingsEvent = {
      ...snapshot,
      standings: [standing(1, 'bo', 300), standing(1, 'ada', 300), standing(1, 'cy', 300)],
      places: [1, 2, 3],
    };
    const moved = (playerId: string, place: number): RankChange => ({
      kind: 'MOVED',
      playerId,
      standing: standing(1, playerId, 300),
      place,
      previousRank: 1,
      previousScore: 300,
      revision: 0,
    });
    const board = watched(tied, {
      type: 'changes',
      changes: [moved('bo', 3), moved('cy', 1)],
      totalPlayers: 3,
      revision: 8,
      resumeToken: 'c',
    });
    expect(watched(tied).standings.map(({ playerId }) => playerId)).toEqual(['bo', 'ada', 'cy']);
    expect(board.standings.map(({ playerId }) => playerId)).toEqual(['cy', 'ada', 'bo']);
  });

  it('keeps the arrow of a move while the score alone goes on changing', () => {
    const board = watched(snapshot, overtaking, {
      type: 'changes',
      changes: [
        {
          kind: 'UPDATED',
          playerId: 'cy',
          standing: standing(1, 'cy', 360),
          previousRank: 1,
          previousScore: 350,
          revision: 0,
        },
      ],
      totalPlayers: 4,
      revision: 10,
      resumeToken: 'd',
    });
    expect(board.placeMark('cy', 1000)?.movement).toMatchObject({ previousRank: 3, rank: 1 });
    expect(board.scoreMark('cy', 1000)?.movement).toMatchObject({ previousScore: 350, score: 360 });
  });

  it('is live again when a lost watch has only a checkpoint to tell', () => {
    const board = watched(snapshot);
    board.status = 'reconnecting';
    board.apply({ type: 'checkpoint', revision: 7, resumeToken: 'e' }, 2000);
    expect(board.status).toBe('live');
    expect(board.standings).toHaveLength(3);
  });

  it.each([
    { columns: 70, rows: 5 },
    { columns: 40, rows: 24 },
    { columns: 20, rows: 3 },
  ])('fits a screen of $columns × $rows', ({ columns, rows }) => {
    const lines = renderBoardScreen(
      watched(snapshot, overtaking),
      { columns, rows },
      1000,
      options,
    );
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(lines[0]?.length).toBeLessThanOrEqual(columns);
  });
});
