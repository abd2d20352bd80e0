/** What to send with a ping. */
export interface PingRequest {
  /** Comes back as it is: up to 1,024 bytes as UTF-8. Default: empty. */
  readonly payload?: string | undefined;
}

/** Has no fields yet. */
export type StatsRequest = Readonly<Record<string, never>>;

/** The answer to a ping. */
export interface PingResult {
  /** As it was sent. */
  readonly payload: string;
  /** The server's clock. */
  readonly serverTime: Date | undefined;
  /** The version of the server. */
  readonly version: string;
  /** The role of this client's certificate: `admin`, `writer` or `reader`. */
  readonly role: string;
  /** The name in this client's certificate. */
  readonly name: string;
  /** From the call to its answer, as this client saw it. */
  readonly roundTripMs: number;
}

/** What a server process is doing. Counts are since its start. */
export interface ServerStats {
  /** The version of the server. */
  readonly version: string;
  /** When the process started, by its own clock. */
  readonly startTime: Date | undefined;
  /** How long it has been running, in milliseconds. */
  readonly uptimeMs: number;
  /** Open client connections. */
  readonly connections: number;
  /** Calls by method, busiest first. */
  readonly methods: readonly MethodStats[];
  /** What became of submissions. */
  readonly submissions: SubmissionStats;
  /** Who watches. */
  readonly watches: WatchStats;
  /** PostgreSQL and Redis, as this process sees them. */
  readonly stores: readonly StoreStats[];
  /** Resident memory of the process. */
  readonly memoryBytes: number;
  /** Committed batches that the index has not confirmed yet. */
  readonly outboxPending: number;
  /** Rankings being rebuilt now. */
  readonly rebuilding: number;
  /** At most 20, those first that are nearest to a limit. */
  readonly identities: readonly IdentityStats[];
  /**
   * Which of the processes that share the server's address this is: from 1, and one that replaces
   * another goes on counting. All figures and limits are its own.
   */
  readonly worker: number;
  /** How many processes share the server's address. */
  readonly workers: number;
}

/** What the connections of one identity hold together. */
export interface IdentityStats {
  /** `role/name`, such as `writer/game-eu`; empty for connections whose certificate has none. */
  readonly identity: string;
  /** Open connections. */
  readonly connections: number;
  /** Open watches. */
  readonly watches: number;
  /** Players shown by its watches, those of a view counted once. */
  readonly watchedRows: number;
  /** Submissions that are waiting or in work. */
  readonly submissions: number;
  /** Bytes of answers and messages that were sent and not read yet. */
  readonly unreadBytes: number;
  /** How often it was refused something because it held too much, since its first connection. */
  readonly refused: number;
  /**
   * What it holds most of: `connections`, `watches`, `watched_rows`, `submissions` or
   * `unread_bytes`.
   */
  readonly fullest: string;
  /** How much of what it may hold of that now, 0 to 100. */
  readonly fullestPercent: number;
}

/** The calls of one method. */
export interface MethodStats {
  /** The full name, such as `/rostrum.v1.ScoreService/SubmitScore`. */
  readonly method: string;
  /** Calls that have ended. */
  readonly calls: number;
  /** Calls that ended with an error. */
  readonly errors: number;
  /** Calls that their callers ended before the server did, as watches end; they are no errors. */
  readonly cancelled: number;
  /** The calls by the gRPC code with which they ended, such as `NOT_FOUND`; only codes that there were. */
  readonly codes: Readonly<Record<string, number>>;
  /** How long calls took, in milliseconds: the median; 0 for streams, which are not timed. */
  readonly p50Ms: number;
  /** 99 of 100 calls took no longer, in milliseconds. */
  readonly p99Ms: number;
  /** The longest, in milliseconds. */
  readonly maxMs: number;
}

/** Submissions of a server process since its start. */
export interface SubmissionStats {
  /** How many are durable. */
  readonly committed: number;
  /** In how many batches they were committed. */
  readonly batches: number;
  /** How many a batch has: the median. */
  readonly batchSizeP50: number;
  /** How many the largest batch had. */
  readonly batchSizeMax: number;
  /** How many are waiting or in work now. */
  readonly pending: number;
}

/** The watches of a server process. */
export interface WatchStats {
  /** Open watches of standings. */
  readonly standingsWatchers: number;
  /** Distinct views that they share. */
  readonly views: number;
  /** Players shown by all watches, those of a view counted once. */
  readonly rows: number;
  /** Open watches of changes. */
  readonly changesWatchers: number;
  /** Messages sent to watchers. */
  readonly messages: number;
  /** Watchers ended because they did not read. */
  readonly slowWatchersEnded: number;
}

/** A store, as a server process sees it. */
export interface StoreStats {
  /** `postgres` or `redis`. */
  readonly name: string;
  /** Whether the process uses it now. */
  readonly healthy: boolean;
  /** What it is doing or what is wrong, in a few words. */
  readonly state: string;
  /** How long it takes to answer, in milliseconds: the median. */
  readonly p50Ms: number;
  /** 99 of 100 answers took no longer, in milliseconds. */
  readonly p99Ms: number;
}

/** One entry on which the index and the store of record do not agree. */
export interface Difference {
  /**
   * `MISSING`: not in the index. `EXTRA`: only in the index. `DIFFERENT`: in both, with different
   * values or in a different place.
   */
  readonly kind: 'MISSING' | 'EXTRA' | 'DIFFERENT' | 'UNKNOWN';
  /** Whose entry. */
  readonly playerId: string;
  /** What differs, for people. */
  readonly description: string;
}

/** How far a verification is. */
export interface VerifyProgress {
  /** How many entries were compared so far. */
  readonly checked: number;
  /** How many there are to compare, as estimated at the start. */
  readonly total: number;
  /** Those found since the message before; at most 1,000 are listed in one call. */
  readonly differences: readonly Difference[];
  /** How many were found so far, listed or not. */
  readonly differenceCount: number;
  /** Whether this is the last message, and everything was compared. */
  readonly done: boolean;
  /** Whether it waits, 30 seconds at most, for Redis or for an index that is being built. */
  readonly waitingForIndex: boolean;
}

/** How far a rebuild is. */
export interface RebuildProgress {
  /** How many entries are in the new index so far. */
  readonly built: number;
  /** How many there are to build, as estimated at the start. */
  readonly total: number;
  /** Whether the new index serves. */
  readonly done: boolean;
}
