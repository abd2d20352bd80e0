/*
 * What the clients saw. Times are milliseconds of one monotonic clock (`performance.now()` of the
 * machine); boards, players and servers are numbers. What a call did not answer is -1 or NaN.
 */

/** What one server said of one submission. */
export interface Answer {
  readonly server: number;
  readonly begin: number;
  readonly end: number;
  readonly outcome: string;
  readonly replayed: boolean;
  readonly ranked: boolean;
  readonly revision: number;
  readonly total: number;
  readonly rank: number;
  readonly score: number;
  readonly subscore: number;
  /** How many submissions of the player had been accepted: it numbers the states of an entry. */
  readonly submissions: number;
  /** -1: absent. */
  readonly previousRank: number;
  /** NaN: absent. */
  readonly previousScore: number;
}

/** One submission, sent until it was acknowledged. */
export interface Submission {
  readonly board: number;
  readonly player: number;
  readonly id: string;
  readonly score: number;
  readonly subscore: number;
  /** Microseconds since 1970; -1: none was given. */
  readonly clientUs: number;
  /** When it was first sent; Infinity: not yet. */
  begin: number;
  /** What was answered; the first is the acknowledgement. */
  readonly answers: Answer[];
  /** Another score sent under this id, after it was acknowledged. */
  conflict?: Answer;
  /** An error that no retry can mend. */
  refused?: string;
}

export type ReadKind = 'get' | 'list' | 'around' | 'batchGet';

/** Rows of standings, five numbers each: rank, player, submissions, score, subscore. */
export type Rows = Float64Array;
export const ROW = 5;

/** One read that was answered. */
export interface Read {
  readonly reader: number;
  readonly server: number;
  readonly board: number;
  readonly kind: ReadKind;
  readonly begin: number;
  readonly end: number;
  /** 0: from the store of record; -1: not told. */
  readonly revision: number;
  /** -1: not told, because the player has no entry. */
  readonly total: number;
  readonly rows: Rows;
  /** Players that have no entry, it says. */
  readonly missing: readonly number[];
  /** list: the first rank asked for; around: the player. */
  readonly of: number;
  readonly count: number;
}

/** A call that failed. */
export interface Failure {
  readonly what: string;
  readonly server: number;
  readonly begin: number;
  readonly end: number;
  readonly code: string;
  readonly message: string;
}

/** A stretch of a feed without a gap: each change is the next revision. Columns of equal length. */
export interface Segment {
  readonly watcher: string;
  readonly board: number;
  /** The revision before the first change. */
  readonly from: number;
  readonly begin: number;
  /** When it ended, with a reset or the run. */
  end: number;
  /** Why it began. */
  readonly why: string;
  /** By player: the state (submissions) at `baseRevision`; absent where it never came to be known. */
  base?: Int32Array;
  baseRevision: number;
  readonly at: number[];
  /** The server that told it. */
  readonly by: number[];
  readonly players: number[];
  readonly submissions: number[];
  readonly scores: number[];
  readonly subscores: number[];
  readonly ranks: number[];
  /** 0: the player entered. */
  readonly previousRanks: number[];
  readonly previousScores: number[];
}

export type ViewSpec =
  | { readonly top: number }
  | { readonly around: number; readonly count: number }
  | { readonly players: readonly number[] };

/** What a view showed from one message on. */
export interface Shown {
  readonly server: number;
  readonly at: number;
  /** Until the next message, or the end of the stream. */
  until: number;
  readonly revision: number;
  readonly total: number;
  readonly rows: Rows;
}

export interface ViewHistory {
  readonly watcher: string;
  readonly board: number;
  readonly view: ViewSpec;
  readonly shown: Shown[];
}

/** Everything that was seen in one run. */
export class History {
  readonly submissions: Submission[] = [];
  readonly reads: Read[] = [];
  readonly failures: Failure[] = [];
  readonly segments: Segment[] = [];
  readonly views: ViewHistory[] = [];
  /** What was plainly wrong when it came, such as a gap in a feed. */
  readonly violations: { readonly at: number; readonly server: number; readonly what: string }[] =
    [];
  /** Calls of each kind that were answered. */
  readonly calls = new Map<string, number>();
  acknowledged = 0;
  unranked = 0;

  count(what: string): void {
    this.calls.set(what, (this.calls.get(what) ?? 0) + 1);
  }
}
