/*
 * A leaderboard as its documentation describes it, with plain arrays and sorting, written without
 * looking at the server: it is what the server is compared with.
 */

export const AGGREGATIONS = ['BEST', 'LATEST', 'SUM'] as const;

export interface BoardSettings {
  readonly aggregation: (typeof AGGREGATIONS)[number];
  readonly sortOrder: 'DESCENDING' | 'ASCENDING';
  readonly subscoreSortOrder: 'DESCENDING' | 'ASCENDING';
}

export interface NaiveSubmission {
  readonly playerId: string;
  readonly submissionId: string;
  readonly score: number;
  readonly subscore: number;
  /** Undefined: the time of arrival, which is later than all client times of the test. */
  readonly clientTime: Date | undefined;
  /** Empty: unchanged. */
  readonly displayName: string;
  readonly metadata: Record<string, string> | undefined;
}

export interface NaiveStanding {
  readonly rank: number;
  readonly playerId: string;
  readonly displayName: string;
  readonly score: number;
  readonly subscore: number;
  readonly percentile: number;
  readonly submissions: number;
  readonly metadata: Record<string, string> | undefined;
}

export type NaiveOutcome = 'APPLIED' | 'NOT_IMPROVED' | 'STALE' | 'DUPLICATE';

/** What a submission is answered with; refused ones have no outcome. */
export type NaiveResult =
  | { readonly refused: 'TOTAL_OUT_OF_RANGE' }
  | {
      readonly refused?: undefined;
      readonly outcome: NaiveOutcome;
      readonly replayed: boolean;
      readonly previousRank: number | undefined;
      readonly previousScore: number | undefined;
      readonly standing: NaiveStanding;
      /** False for a player who left; then there is no total either. */
      readonly ranked: boolean;
      readonly totalPlayers: number;
    };

interface NaiveEntry {
  readonly playerId: string;
  score: number;
  subscore: number;
  /** Counts the moments at which scores were reached. */
  reached: number;
  /** Milliseconds; arrival times continue after all client times. */
  time: number;
  submissions: number;
  displayName: string;
  metadata: Record<string, string> | undefined;
  /** Whether the player left: the entry is kept, and stands nowhere. */
  left: boolean;
}

interface Logged {
  readonly submission: NaiveSubmission;
  readonly outcome: NaiveOutcome;
  readonly previousScore: number | undefined;
}

const LIMIT = 9_007_199_254_740_991;
/** After all client times that a test may name. */
const ARRIVALS_BEGIN = 8e15;

/** Whether a + b, which came out as `total`, is outside of ±(2^53 - 1). */
function leavesRange(total: number, a: number, b: number): boolean {
  if (Number.isInteger(a) && Number.isInteger(b)) {
    const exact = BigInt(a) + BigInt(b);
    return exact > BigInt(LIMIT) || exact < -BigInt(LIMIT);
  }
  return Math.abs(total) > LIMIT;
}

export class NaiveBoard {
  readonly #settings: BoardSettings;
  readonly #entries: NaiveEntry[] = [];
  readonly #log = new Map<string, Logged>();
  #moment = 0;

  constructor(settings: BoardSettings) {
    this.#settings = settings;
  }

  get totalPlayers(): number {
    return this.#sorted().length;
  }

  /** Everybody who has an entry, ranked or not. */
  get playerIds(): string[] {
    return this.#entries.map(({ playerId }) => playerId);
  }

  submit(given: NaiveSubmission): NaiveResult {
    // There is one zero: adding 0 turns -0 into it.
    const submission = { ...given, score: given.score + 0, subscore: given.subscore + 0 };
    this.#moment += 1;
    const { playerId } = submission;
    const logKey = `${playerId} ${submission.submissionId}`;
    const logged = this.#log.get(logKey);
    const entry = this.#entries.find((each) => each.playerId === playerId);
    if (logged !== undefined) {
      const same =
        logged.submission.score === submission.score &&
        logged.submission.subscore === submission.subscore &&
        logged.submission.clientTime?.getTime() === submission.clientTime?.getTime();
      const standing = this.#standingOf(playerId);
      return {
        outcome: same ? logged.outcome : 'DUPLICATE',
        replayed: same,
        previousRank: same || standing.rank === 0 ? undefined : standing.rank,
        previousScore: same ? logged.previousScore : standing.score,
        standing,
        ...this.#totalFor(standing),
      };
    }
    const previousRank = this.rankOf(playerId) || undefined;
    const previousScore = entry?.score;
    const outcome = this.#take(submission, entry);
    if (outcome === 'TOTAL_OUT_OF_RANGE') return { refused: outcome };
    this.#log.set(logKey, { submission, outcome, previousScore });
    const standing = this.#standingOf(playerId);
    const total = this.#totalFor(standing);
    return { outcome, replayed: false, previousRank, previousScore, standing, ...total };
  }

  /** Lets a player leave or return. False if that changes nothing. */
  setRanked(playerId: string, ranked: boolean): boolean {
    const entry = this.#entries.find((each) => each.playerId === playerId);
    if (entry === undefined || entry.left !== ranked) return false;
    entry.left = !ranked;
    return true;
  }

  /** All standings, best first. */
  standings(): NaiveStanding[] {
    return this.#sorted().map((entry, index) => this.#toStanding(entry, index + 1));
  }

  rankOf(playerId: string): number {
    return this.#sorted().findIndex((entry) => entry.playerId === playerId) + 1;
  }

  /** `count` standings with the player in the middle, moved where it would leave the ranking. */
  around(playerId: string, count: number): NaiveStanding[] {
    return this.#window(this.rankOf(playerId) - 1, count);
  }

  /** The same around the place that a new player with this score would take: after its equals. */
  aroundScore(score: number, count: number): NaiveStanding[] {
    const sign = this.#settings.sortOrder === 'ASCENDING' ? 1 : -1;
    const above = this.#sorted().filter((entry) => sign * entry.score <= sign * score).length;
    return this.#window(above, count);
  }

  #window(place: number, count: number): NaiveStanding[] {
    const all = this.standings();
    let first = place - Math.floor(count / 2);
    while (first > 0 && first + count > all.length) first -= 1;
    return all.slice(Math.max(first, 0), Math.max(first, 0) + count);
  }

  #take(
    submission: NaiveSubmission,
    entry: NaiveEntry | undefined,
  ): NaiveOutcome | 'TOTAL_OUT_OF_RANGE' {
    const time = submission.clientTime?.getTime() ?? ARRIVALS_BEGIN + this.#moment;
    const { playerId, score, subscore, displayName, metadata } = submission;
    if (entry === undefined) {
      const added = { playerId, score, subscore, displayName, metadata, time, submissions: 1 };
      this.#entries.push({ ...added, reached: this.#moment, left: false });
      return 'APPLIED';
    }
    switch (this.#settings.aggregation) {
      case 'BEST':
        entry.submissions += 1;
        if (displayName !== '') entry.displayName = displayName;
        if (!this.#isBetter(submission, entry)) return 'NOT_IMPROVED';
        this.#set(entry, score, subscore);
        break;
      case 'LATEST':
        if (time <= entry.time) return 'STALE';
        entry.submissions += 1;
        if (displayName !== '') entry.displayName = displayName;
        this.#set(entry, score, subscore);
        break;
      case 'SUM': {
        const total = entry.score + score;
        const subtotal = entry.subscore + subscore;
        if (leavesRange(total, entry.score, score)) return 'TOTAL_OUT_OF_RANGE';
        if (leavesRange(subtotal, entry.subscore, subscore)) return 'TOTAL_OUT_OF_RANGE';
        entry.submissions += 1;
        if (displayName !== '') entry.displayName = displayName;
        this.#set(entry, total, subtotal);
        break;
      }
    }
    entry.time = time;
    entry.metadata = metadata;
    return 'APPLIED';
  }

  #set(entry: NaiveEntry, score: number, subscore: number): void {
    if (entry.score === score && entry.subscore === subscore) return;
    entry.score = score;
    entry.subscore = subscore;
    entry.reached = this.#moment;
  }

  #isBetter(
    a: { score: number; subscore: number },
    b: { score: number; subscore: number },
  ): boolean {
    if (a.score !== b.score) {
      return this.#settings.sortOrder === 'ASCENDING' ? a.score < b.score : a.score > b.score;
    }
    if (a.subscore === b.subscore) return false;
    return this.#settings.subscoreSortOrder === 'ASCENDING'
      ? a.subscore < b.subscore
      : a.subscore > b.subscore;
  }

  #sorted(): NaiveEntry[] {
    const ranked = this.#entries.filter(({ left }) => !left);
    return ranked.sort((a, b) => {
      if (this.#isBetter(a, b)) return -1;
      if (this.#isBetter(b, a)) return 1;
      return a.reached - b.reached;
    });
  }

  #standingOf(playerId: string): NaiveStanding {
    const entry = this.#entries.find((each) => each.playerId === playerId);
    if (entry === undefined) throw new Error(`${playerId} has no entry`);
    return this.#toStanding(entry, this.rankOf(playerId));
  }

  #totalFor({ rank }: NaiveStanding): { ranked: boolean; totalPlayers: number } {
    return { ranked: rank > 0, totalPlayers: rank > 0 ? this.totalPlayers : 0 };
  }

  #toStanding(entry: NaiveEntry, rank: number): NaiveStanding {
    const others = this.totalPlayers - 1;
    const { playerId, displayName, score, subscore, submissions, metadata } = entry;
    const lower = others === 0 ? 100 : (100 * (others + 1 - rank)) / others;
    const percentile = rank === 0 ? 0 : lower;
    return { rank, playerId, displayName, score, subscore, percentile, submissions, metadata };
  }
}
