import type { Ranking } from '../../domain/ranking.js';

/** What one method has done since the start of the process. Times are in milliseconds. */
export interface MethodUse {
  readonly method: string;
  readonly calls: number;
  readonly errors: number;
  /** Calls that their callers ended before the server did; no errors. */
  readonly cancelled: number;
  /** The calls by the gRPC code with which they ended, such as `NOT_FOUND`. */
  readonly codes: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Submissions since the start, and how they were batched. */
export interface SubmissionUse {
  readonly committed: number;
  readonly batches: number;
  readonly batchSizeP50: number;
  readonly batchSizeMax: number;
  /** How many are waiting or in work now. */
  readonly pending: number;
}

/** Watches open now, and what was sent to watchers since the start. */
export interface WatchUse {
  readonly viewWatchers: number;
  readonly views: number;
  /** Rows kept for watches: of the views, each counted once, and of the filters of feeds. */
  readonly rows: number;
  readonly feedWatchers: number;
  readonly messagesSent: number;
  readonly slowEnded: number;
}

/** What an identity holds of this process, all its connections together. */
export interface IdentityUse {
  /** `role/name`; empty for connections without an identity. */
  readonly identity: string;
  readonly connections: number;
  readonly watches: number;
  /** Rows kept for its watches. */
  readonly watchedRows: number;
  /** Submissions that wait or are in work. */
  readonly submissions: number;
  /** Bytes of answers and messages that it has not read yet. */
  readonly unsentBytes: number;
  /** What was refused because it held too much, since its first connection. */
  readonly refused: number;
  /** That of which it holds most, by what it may hold. */
  readonly fullest: 'connections' | 'watches' | 'watchedRows' | 'submissions' | 'unsentBytes';
  /** How much of what it may hold of that, 0 to 100. */
  readonly fullestPercent: number;
}

/** How long round trips to a store took, in milliseconds. */
export interface RoundTripTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Where statistics come from. All but `countOutbox` answer at once. */
export interface StatsSources {
  /** Busiest first. */
  methods(): readonly MethodUse[];
  submissions(): SubmissionUse;
  watches(): WatchUse;
  /** Open client connections. */
  connections(): number;
  /** At most 20, those first that are nearest to a limit. */
  identities(): readonly IdentityUse[];
  postgres(): RoundTripTimes;
  redis(): RoundTripTimes;
  /** As `IndexGate` has it. */
  indexState(): 'lost' | 'recovering' | 'open';
  /** Why Redis cannot be used, in words; empty while it can. */
  indexTrouble(): string;
  /** Rankings that this process is building. */
  rebuilding(): number;
  /** Committed batches that the index has not confirmed yet. @throws STORE_UNAVAILABLE */
  countOutbox(): Promise<number>;
}

/** What a comparison of index and store of record has found so far. */
export interface VerificationProgress {
  readonly checked: number;
  readonly total: number;
  readonly differenceCount: number;
  readonly waitingForIndex: boolean;
  /** Differences found since this was called before; at most 1,000 in all. */
  takeDifferences(): readonly {
    readonly kind: 'missing' | 'extra' | 'different';
    readonly playerId: string;
    readonly description: string;
  }[];
}

/** Compares the index of a ranking with the store of record. */
export interface IndexVerification {
  /** `done` settles at the end of the comparison, or soon after `signal`. */
  verify(
    ranking: Ranking,
    signal: AbortSignal,
  ): { readonly progress: VerificationProgress; readonly done: Promise<void> };
}

/** Builds the index of a ranking anew. */
export interface IndexRebuild {
  /** @throws STORE_UNAVAILABLE, IndexUnavailable */
  rebuild(
    ranking: Ranking,
    onProgress: (progress: { readonly built: number }) => void,
  ): Promise<void>;
}

/** Counts what there is to do. */
export interface EntryCount {
  /** @throws STORE_UNAVAILABLE */
  count(rankingNo: Ranking['rankingNo']): Promise<number>;
}
