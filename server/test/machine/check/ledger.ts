import type pg from 'pg';
import { BOARDS, type Board, playerNumber } from '../boards.ts';
import type { History, Submission } from '../history.ts';
import type { Report } from './findings.ts';

/** An entry after one of its accepted submissions. */
export interface EntryState {
  readonly score: number;
  readonly subscore: number;
  /** Breaks ties: lower stands higher. */
  readonly reached: number;
  readonly clientUs: number;
}

/** One row of the log of submissions. */
interface Logged {
  readonly board: number;
  readonly player: number;
  readonly id: string;
  readonly version: number;
  readonly score: number;
  readonly subscore: number;
  /** -1: none. */
  readonly clientUs: number;
  readonly outcome: string;
  /** NaN: none. */
  readonly previousScore: number;
}

/** What became of a submission: the number of the entry's state after it. */
export interface Recorded {
  /** How many submissions were accepted with it; the state that holds if it was not. */
  readonly state: number;
  readonly isAccepted: boolean;
  readonly outcome: string;
  /** NaN: none. */
  readonly previousScore: number;
}

const OUTCOMES = ['UNSPECIFIED', 'APPLIED', 'NOT_IMPROVED', 'STALE', 'DUPLICATE'];

/** Asks PostgreSQL. */
export type Sql = <Row extends pg.QueryResultRow>(text: string) => Promise<Row[]>;

/** Whether a stands higher than b. */
export function standsHigher(board: Board, a: EntryState, b: EntryState): boolean {
  if (a.score !== b.score) {
    return board.sortOrder === 'DESCENDING' ? a.score > b.score : a.score < b.score;
  }
  if (a.subscore !== b.subscore) return a.subscore > b.subscore;
  return a.reached < b.reached;
}

/**
 * What the log of submissions adds up to, by rules written here anew: every state that every entry
 * ever had, and what each submission became.
 */
export class Ledger {
  /** By board, player, and number of the state, from 1: element 0 is state 1. */
  readonly states: readonly (readonly EntryState[][])[];
  readonly recorded: ReadonlyMap<string, Recorded>;

  /** Reads the log, and checks what can be checked without looking at times. */
  static async read(sql: Sql, history: History, report: Report): Promise<Ledger> {
    const logged = await readLog(sql);
    const ledger = new Ledger(logged, report);
    checkAgainstHistory(ledger, logged, history, report);
    await ledger.#checkEntries(sql, report);
    return ledger;
  }

  private constructor(logged: readonly Logged[], report: Report) {
    const states = BOARDS.map(({ players }) =>
      Array.from({ length: players }, (): EntryState[] => []),
    );
    const recorded = new Map<string, Recorded>();
    for (const row of logged) {
      const board = BOARDS[row.board] as Board;
      const own = states[row.board]?.[row.player];
      if (own === undefined) {
        report('invented', 0, -1, `the log has a player p${row.player} of ${board.id}`);
        continue;
      }
      const key = keyOf(row.board, row.player, row.id);
      if (recorded.has(key)) {
        report('counted twice', 0, -1, `submission ${row.id} of p${row.player} of ${board.id}`);
      }
      recorded.set(key, fold(board, row, own, report));
    }
    this.states = states;
    this.recorded = recorded;
  }

  find(submission: Submission): Recorded | undefined {
    const { board, player, id } = submission;
    return this.recorded.get(keyOf(board, player, id));
  }

  stateOf(board: number, player: number, state: number): EntryState | undefined {
    return this.states[board]?.[player]?.[state - 1];
  }

  /** The numbers of the last states, by player. */
  last(board: number): Int32Array {
    return Int32Array.from((this.states[board] ?? []).map((own) => own.length));
  }

  async #checkEntries(sql: Sql, report: Report): Promise<void> {
    const rows = await sql<{
      leaderboard_id: string;
      player_id: string;
      score: number;
      subscore: number;
      reached: string;
      submissions: number;
    }>(
      `SELECT leaderboard_id, player_id, score, subscore, reached, submissions
       FROM rostrum.entries JOIN rostrum.rankings USING (ranking_no)
       JOIN rostrum.leaderboards USING (board_no)`,
    );
    const found = new Map(rows.map((row) => [`${row.leaderboard_id} ${row.player_id}`, row]));
    BOARDS.forEach(({ id, players }, board) => {
      for (let player = 0; player < players; player += 1) {
        const own = this.states[board]?.[player] ?? [];
        const last = own.at(-1);
        const row = found.get(`${id} p${player}`);
        const expected =
          last && `${last.score}/${last.subscore}/${own.length} reached ${last.reached}`;
        const stored =
          row && `${row.score}/${row.subscore}/${row.submissions} reached ${row.reached}`;
        if (expected !== stored) {
          report('entry', 0, -1, `p${player} of ${id} is ${stored}; its log says ${expected}`);
        }
      }
    });
  }
}

function keyOf(board: number, player: number, id: string): string {
  return `${board} ${player} ${id}`;
}

/** Applies a row of the log to its entry. */
function fold(board: Board, row: Logged, own: EntryState[], report: Report): Recorded {
  const { score, subscore, clientUs, version } = row;
  const before = own.at(-1);
  const wrong = (what: string) =>
    report('fold', 0, -1, `submission ${row.id} of p${row.player} of ${board.id}: ${what}`);
  // A stale one changes nothing; whether it was stale, its neighbours below decide.
  if (row.outcome === 'STALE') {
    if (board.aggregation !== 'LATEST') wrong('STALE on a board that is not LATEST');
    else if (clientUs < 0) wrong('STALE without a client time: arrival decides, and nothing else');
    const { outcome, previousScore } = row;
    return { state: own.length, isAccepted: false, outcome, previousScore };
  }
  let outcome = 'APPLIED';
  let after: EntryState;
  const set = (score: number, subscore: number): EntryState => {
    const isSame = before?.score === score && before.subscore === subscore;
    return { score, subscore, reached: isSame ? before.reached : version, clientUs };
  };
  if (before === undefined) {
    after = set(score, subscore);
  } else {
    switch (board.aggregation) {
      case 'BEST': {
        const isBetter = standsHigher(board, { ...row, reached: 1 }, { ...before, reached: 0 });
        after = isBetter ? set(score, subscore) : before;
        outcome = isBetter ? 'APPLIED' : 'NOT_IMPROVED';
        break;
      }
      case 'LATEST':
        if (clientUs >= 0 && clientUs <= before.clientUs) {
          wrong('applied, and older than the entry');
        }
        after = set(score, subscore);
        break;
      case 'SUM':
        after = set(before.score + score, before.subscore + subscore);
        break;
    }
  }
  if (row.outcome !== outcome) wrong(`recorded as ${row.outcome}, and it is ${outcome}`);
  const previousScore = before?.score ?? Number.NaN;
  if (!Object.is(row.previousScore + 0, previousScore + 0)) {
    wrong(`recorded with previous score ${row.previousScore}, and it was ${previousScore}`);
  }
  own.push(after);
  return { state: own.length, isAccepted: true, outcome, previousScore };
}

async function readLog(sql: Sql): Promise<Logged[]> {
  const rows = await sql<{
    leaderboard_id: string;
    player_id: string;
    submission_id: string;
    version: string;
    score: number;
    subscore: number;
    client_us: string | null;
    outcome: number;
    previous_score: number | null;
  }>(
    `SELECT leaderboard_id, player_id, submission_id, version, score, subscore, client_us, outcome,
            previous_score
     FROM rostrum.submissions JOIN rostrum.leaderboards USING (board_no) ORDER BY version`,
  );
  const boards = new Map(BOARDS.map(({ id }, number) => [id, number]));
  return rows.map((row) => ({
    board: boards.get(row.leaderboard_id) ?? -1,
    player: playerNumber(row.player_id),
    id: row.submission_id,
    version: Number(row.version),
    score: row.score,
    subscore: row.subscore,
    clientUs: row.client_us === null ? -1 : Number(row.client_us),
    outcome: OUTCOMES[row.outcome] ?? String(row.outcome),
    previousScore: row.previous_score ?? Number.NaN,
  }));
}

/** What was sent and acknowledged is in the log, once and as it was, and nothing else is. */
function checkAgainstHistory(
  ledger: Ledger,
  logged: readonly Logged[],
  history: History,
  report: Report,
): void {
  const sent = new Map(
    history.submissions.map((each) => [keyOf(each.board, each.player, each.id), each]),
  );
  for (const submission of history.submissions) {
    const [first] = submission.answers;
    if (first === undefined || ledger.find(submission) !== undefined) continue;
    const { board, player, id } = submission;
    const where = `${id} of p${player} of ${BOARDS[board]?.id}`;
    report(
      'lost',
      first.end,
      first.server,
      `acknowledged (${first.outcome}) and not in the log: ${where}`,
    );
  }
  /** The earliest acknowledgement of any later version. */
  let acknowledged = Number.POSITIVE_INFINITY;
  let acknowledgedId = '';
  for (const row of logged.toReversed()) {
    const submission = sent.get(keyOf(row.board, row.player, row.id));
    const where = `${row.id} of p${row.player} of ${BOARDS[row.board]?.id}`;
    if (submission === undefined || submission.begin === Number.POSITIVE_INFINITY) {
      report('invented', 0, -1, `in the log, and never sent: ${where}`);
      continue;
    }
    if (row.score !== submission.score || row.subscore !== submission.subscore) {
      report('altered', submission.begin, -1, `${where} has ${row.score}, not ${submission.score}`);
    }
    if (acknowledged < submission.begin && row.outcome !== 'STALE') {
      report(
        'order of arrival',
        submission.begin,
        -1,
        `${where} was sent after ${acknowledgedId} was acknowledged, and has a lower version`,
      );
    }
    const end = submission.answers[0]?.end ?? Number.POSITIVE_INFINITY;
    if (end < acknowledged && row.outcome !== 'STALE') {
      acknowledged = end;
      acknowledgedId = row.id;
    }
  }
}
