import { describe, expect, test } from 'vitest';
import {
  type Answer,
  History,
  type Read,
  type Segment,
  type Shown,
  type Submission,
  type ViewHistory,
} from '../history.ts';
import type { Inflicted } from '../schedule/inflict.ts';
import { judge } from './checker.ts';
import type { Sql } from './ledger.ts';

/*
 * A history by hand on the board `sum` (number 1, best score first): p0 has 5, then 8; p1 has 7.
 * Each test bends one thing of it, and the checker must say so.
 */

const END = 100_000;

function answer(fields: Partial<Answer>): Answer {
  return {
    server: 0,
    begin: 0,
    end: 0,
    outcome: 'APPLIED',
    replayed: false,
    ranked: true,
    revision: 1,
    total: 1,
    rank: 1,
    score: 0,
    subscore: 0,
    submissions: 1,
    previousRank: -1,
    previousScore: Number.NaN,
    ...fields,
  };
}

function submission(player: number, id: string, score: number, own: Answer): Submission {
  const none = { board: 1, subscore: 0, clientUs: -1 };
  return { ...none, player, id, score, begin: own.begin, answers: [own] };
}

function read(begin: number, revision: number, rows: number[], total: number): Read {
  const whole = { reader: 0, server: 0, board: 1, kind: 'list' as const, missing: [] };
  return {
    ...whole,
    begin,
    end: begin + 1,
    revision,
    total,
    rows: Float64Array.from(rows),
    of: 1,
    count: 10,
  };
}

const LOG = [
  { player_id: 'p0', submission_id: 'a', version: '1', score: 5, previous_score: null },
  { player_id: 'p1', submission_id: 'b', version: '2', score: 7, previous_score: null },
  { player_id: 'p0', submission_id: 'c', version: '3', score: 3, previous_score: 5 },
].map((row) => ({ ...row, leaderboard_id: 'sum', subscore: 0, client_us: null, outcome: 1 }));

const ENTRIES = [
  { player_id: 'p0', score: 8, reached: '3', submissions: 2 },
  { player_id: 'p1', score: 7, reached: '2', submissions: 1 },
].map((row) => ({ ...row, leaderboard_id: 'sum', subscore: 0 }));

interface Bent {
  log?: object[];
  entries?: object[];
  history?: (history: History) => void;
  inflicted?: Inflicted[];
}

async function findings({ log = LOG, entries = ENTRIES, history, inflicted = [] }: Bent) {
  const own = new History();
  own.submissions.push(
    submission(0, 'a', 5, answer({ begin: 10, end: 20, score: 5 })),
    submission(1, 'b', 7, answer({ begin: 30, end: 40, score: 7, total: 2, revision: 2 })),
    submission(
      0,
      'c',
      3,
      answer({
        begin: 50,
        end: 60,
        score: 8,
        total: 2,
        revision: 3,
        submissions: 2,
        previousRank: 2,
        previousScore: 5,
      }),
    ),
  );
  own.reads.push(
    read(45, 2, [1, 1, 1, 7, 0, 2, 0, 1, 5, 0], 2),
    read(70, 3, [1, 0, 2, 8, 0, 2, 1, 1, 7, 0], 2),
  );
  history?.(own);
  const sql = ((text: string) =>
    Promise.resolve(text.includes('rostrum.entries') ? entries : log)) as unknown as Sql;
  const verdict = await judge(sql, own, inflicted, [], END);
  return verdict.findings.map(({ kind, what }) => `${kind}: ${what}`);
}

/** The last submission, acknowledged without a rank. */
function unranked(history: History): void {
  const [own] = history.submissions.slice(-1) as [Submission];
  const first = own.answers[0] as Answer;
  own.answers[0] = { ...first, ranked: false, rank: 0, revision: 0, total: 0, previousRank: -1 };
}

describe('a good history', () => {
  test('has no findings', async () => {
    expect(await findings({})).toEqual([]);
  });

  test('may lack for a moment what was acknowledged without a rank', async () => {
    const old = [1, 1, 1, 7, 0, 2, 0, 1, 5, 0];
    const bend = (at: number) =>
      findings({
        history: (history) => {
          unranked(history);
          history.reads.push(read(at, 2, old, 2));
        },
      });
    // Before the read at 70, whose revision is newer.
    expect(await bend(500)).toEqual([
      'revision backwards: ' + 'reader 0, list of sum: revision 2 after 3 from server 0',
    ]);
    expect((await bend(5_000)).some((each) => each.startsWith('stale: '))).toBe(true);
  });
});

describe('finds', () => {
  test('a lost submission', async () => {
    const found = await findings({
      log: LOG.slice(0, 2),
      entries: [{ ...ENTRIES[0], score: 5, submissions: 1, reached: '1' }, ENTRIES[1] as object],
    });
    expect(found.some((each) => each.startsWith('lost: '))).toBe(true);
  });

  test('a submission that counts twice', async () => {
    const again = { ...LOG[2], version: '4', previous_score: 8 };
    const entries = [
      { ...ENTRIES[0], score: 11, submissions: 3, reached: '4' },
      ENTRIES[1] as object,
    ];
    const found = await findings({ log: [...LOG, again], entries });
    expect(found.some((each) => each.startsWith('counted twice: '))).toBe(true);
  });

  test('an entry that is not what its log says', async () => {
    const found = await findings({ entries: [{ ...ENTRIES[0], score: 5 }, ENTRIES[1] as object] });
    expect(found.filter((each) => each.startsWith('entry: '))).toHaveLength(1);
  });

  test('a read that lacks what was acknowledged before', async () => {
    const found = await findings({
      history: ({ reads }) => reads.push(read(80, 3, [1, 1, 1, 7, 0, 2, 0, 1, 5, 0], 2)),
    });
    expect(found).toEqual([expect.stringMatching(/^stale: .*p0 with 1 submissions, 5\/0: 2 were/)]);
  });

  test('a read that shows what was not sent yet', async () => {
    const found = await findings({
      history: ({ reads }) => reads.unshift(read(41, 1, [1, 0, 2, 8, 0, 2, 1, 1, 7, 0], 2)),
    });
    expect(found).toEqual([expect.stringMatching(/^future: .*only 1 had been sent/)]);
  });

  test('a wrong order, and a wrong rank', async () => {
    const order = await findings({
      history: ({ reads }) => reads.push(read(80, 3, [1, 1, 1, 7, 0, 2, 0, 2, 8, 0], 2)),
    });
    expect(order).toEqual([expect.stringMatching(/^order: /)]);
    const rank = await findings({
      history: ({ reads }) =>
        reads.push({ ...read(80, 3, [2, 0, 2, 8, 0], 2), kind: 'get', of: 0, count: 1 }),
    });
    expect(rank).toEqual([expect.stringMatching(/^rank: .*p0 has rank 2; it was 1/)]);
  });

  test('a wrong total', async () => {
    const found = await findings({
      history: ({ reads }) => reads.push(read(80, 3, [1, 0, 2, 8, 0], 1)),
    });
    expect(found).toEqual([expect.stringMatching(/^total: .*1 players in all; there were 2/)]);
  });

  test('a previous rank that is wrong, or absent', async () => {
    const bend = (previousRank: number) =>
      findings({
        history: ({ submissions }) => {
          const own = submissions[2] as Submission;
          own.answers[0] = { ...(own.answers[0] as Answer), previousRank };
        },
      });
    expect(await bend(1)).toEqual([expect.stringMatching(/^previous rank: .*1; it was 2/)]);
    expect(await bend(-1)).toEqual([expect.stringMatching(/^previous rank: .*none/)]);
  });

  test('a call that the server had to answer, and that failed', async () => {
    const failure = { what: 'submit', begin: 200, end: 300, code: 'UNAVAILABLE', message: 'no' };
    const inflicted: Inflicted = {
      fault: {
        id: 1,
        at: 0,
        lasts: 1_000,
        kind: 'link',
        store: 'postgres',
        server: 1,
        mode: 'cut',
      },
      from: 150,
      to: 1_150,
    };
    const fail = (server: number) => (history: History) =>
      history.failures.push({ ...failure, server });
    expect(await findings({ history: fail(0), inflicted: [inflicted] })).toEqual([
      'not served: submit failed after 100 ms: UNAVAILABLE: no',
    ]);
    expect(await findings({ history: fail(1), inflicted: [inflicted] })).toEqual([]);
  });
});

/** A feed that tells the three changes, each a moment after it was acknowledged. */
function feed(watcher: string): Segment {
  const changes = { players: [0, 1, 0], submissions: [1, 1, 2], ranks: [1, 1, 1] };
  return {
    ...changes,
    watcher,
    board: 1,
    from: 0,
    begin: 0,
    end: END,
    why: 'the start',
    base: new Int32Array(80),
    baseRevision: 0,
    at: [21, 41, 61],
    by: [0, 0, 0],
    scores: [5, 7, 8],
    subscores: [0, 0, 0],
    previousRanks: [0, 0, 2],
    previousScores: [Number.NaN, Number.NaN, 5],
  };
}

/** Takes a change out of a feed. */
function leaveOut(own: Segment, index: number): void {
  const { at, by, players, submissions, scores, subscores, ranks, previousRanks } = own;
  const columns = [at, by, players, submissions, scores, subscores, ranks, previousRanks];
  for (const column of [...columns, own.previousScores]) column.splice(index, 1);
}

/** What a view of the top shows from each revision on, until `until`. */
function shown(at: number, until: number, revision: number, rows: number[]): Shown {
  const total = rows.length / 5;
  return { server: 0, at, until, revision, total, rows: Float64Array.from(rows) };
}

const SHOWN = [
  shown(22, 42, 1, [1, 0, 1, 5, 0]),
  shown(42, 62, 2, [1, 1, 1, 7, 0, 2, 0, 1, 5, 0]),
  shown(62, END, 3, [1, 0, 2, 8, 0, 2, 1, 1, 7, 0]),
] as const;

/** The same history with two feeds and a view. Each is bent by its own function. */
function watched(bent: {
  feed?: (own: Segment) => void;
  view?: (own: Shown[]) => void;
  top?: number;
}) {
  return findings({
    history: ({ segments, views }) => {
      const own = feed('feed');
      bent.feed?.(own);
      const view: ViewHistory = {
        watcher: 'view',
        board: 1,
        view: { top: bent.top ?? 10 },
        shown: [...SHOWN],
      };
      bent.view?.(view.shown);
      segments.push(own, feed('other feed'));
      views.push(view);
    },
  });
}

describe('of watches', () => {
  test('good ones have no findings', async () => {
    expect(await watched({})).toEqual([]);
  });

  test('a feed that lacks a change is found', async () => {
    // The last one.
    expect(await watched({ feed: (own) => leaveOut(own, 2) })).toEqual([
      expect.stringMatching(/^feed behind: the feed told revision 3, .* of c, never/),
    ]);
    // One in between: what follows has its revision.
    const jumping = await watched({ feed: (own) => leaveOut(own, 1) });
    expect(jumping).toContainEqual(
      expect.stringMatching(/^feed: .*, p0: previous rank 2; it was 1/),
    );
    expect(jumping).toContainEqual(expect.stringMatching(/^two histories: revision 2: /));
    expect(jumping).toContainEqual(expect.stringMatching(/^feed behind: .*revision 3, .*, never/));
  });

  test('a feed that tells a change too late is found', async () => {
    const bend = (at: number) => watched({ feed: (own) => own.at.splice(2, 1, at) });
    expect(await bend(60 + 3_000)).toEqual([]);
    expect(await bend(60 + 3_001)).toEqual([
      expect.stringMatching(/^feed behind: .*3001 ms later/),
    ]);
  });

  test('a view that stays behind is found, and one that is soon right is not', async () => {
    const [first, second] = SHOWN;
    const bend = (until: number) =>
      watched({ view: (own) => own.splice(1, 2, { ...second, until }) });
    expect(await bend(60 + 3_000)).toEqual([]);
    expect(await bend(END)).toEqual([
      expect.stringMatching(/^view behind: view: p0 is shown in state 1 \(revision 2\)/),
    ]);
    // It lacks a player who belongs there.
    expect(await watched({ view: (own) => own.splice(0, 3, { ...first, until: END }) })).toEqual([
      expect.stringMatching(/^view behind: view: p0 is shown in state 1/),
    ]);
    const alone = shown(62, END, 3, [1, 0, 2, 8, 0]);
    expect(await watched({ view: (own) => own.splice(2, 1, alone) })).toContainEqual(
      expect.stringMatching(/^view behind: view: p1 is shown in state 0/),
    );
    // It is full, and a player who stands higher is not in it.
    const lower = shown(62, END, 3, [1, 1, 1, 7, 0]);
    const full = await watched({ top: 1, view: (own) => own.splice(0, 3, lower) });
    expect(full).toContainEqual(
      expect.stringMatching(/^view behind: view: p0 is shown in state 0/),
    );
  });

  test('a view that goes back is found', async () => {
    const back = { ...SHOWN[1], at: 70, until: 80 };
    const again = { ...SHOWN[2], at: 80 };
    const found = await watched({ view: (own) => own.push(back, again) });
    expect(found).toEqual(['revision backwards: view: revision 2 after 3']);
  });

  test('a feed that differs from a view is found, and two feeds that differ', async () => {
    const swapped = shown(5_000, END, 3, [1, 1, 1, 7, 0, 2, 0, 2, 8, 0]);
    expect(await watched({ view: (own) => own.push(swapped) })).toEqual([
      expect.stringMatching(/^view: revision: .* p1, state 1 at rank 1; it had state 1 at rank 2/),
    ]);
    const wrongRank = await watched({ feed: (own) => own.ranks.splice(2, 1, 2) });
    expect(wrongRank).toContainEqual(
      expect.stringMatching(/^feed: .*revision 3, p0: rank 2; it is 1/),
    );
    expect(wrongRank).toContainEqual(
      expect.stringMatching(/^two histories: revision 3: .*from rank 2 to 2 .*from rank 2 to 1 /),
    );
  });
});
