import type { Caller } from '../../domain/caller.js';
import type { Ranking } from '../../domain/ranking.js';
import type { BatchStats } from '../../observability/batch-stats.js';
import type { Histogram } from '../../observability/histogram.js';
import type { MethodSnapshot } from '../../observability/method-stats.js';
import type { WatchStats } from '../watch/ports.js';
import type { IdentityUse } from './identity-use.js';

/** Where statistics come from. All but `countOutbox` answer at once. */
export interface StatsSources {
  /** Busiest first. */
  methods(): readonly MethodSnapshot[];
  /** How submissions were batched since the start, and how many wait or are in progress now. */
  submissions(): ReturnType<BatchStats['snapshot']> & { readonly pending: number };
  watches(): WatchStats;
  /** Open client connections. */
  connections(): number;
  /** At most 20, those nearest to a limit first. */
  identities(): readonly IdentityUse[];
  /** How long round trips to the stores took, in microseconds. */
  readonly roundTrips: Readonly<Record<'postgres' | 'redis', Histogram>>;
  /** The state of `IndexGate`. */
  indexState(): 'lost' | 'recovering' | 'open';
  /** Why Redis cannot be used, in words; empty while it can. */
  indexTrouble(): string;
  /** Why the store of record refused the last write, in words; empty if it did not. */
  writeTrouble(): string;
  /** Rankings that this process is building. */
  rebuilding(): number;
  /** Committed batches that the index has not confirmed yet. @throws STORE_UNAVAILABLE */
  countOutbox(): Promise<number>;
  /** Which of the processes that share the address this one is, from 1. */
  readonly worker: number;
  /** How many processes share the address. */
  readonly workers: number;
}

/** What a comparison of the index with the store of record has found so far. */
export interface VerificationProgress {
  readonly checked: number;
  readonly total: number;
  readonly differenceCount: number;
  readonly waitingForIndex: boolean;
  /** Differences found since the last call; at most 1,000 in all. */
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
    caller: Caller,
    signal: AbortSignal,
  ): { readonly progress: VerificationProgress; readonly done: Promise<void> };
}

/** Rebuilds the index of a ranking. */
export interface IndexRebuild {
  /** @throws STORE_UNAVAILABLE, IndexUnavailable */
  rebuild(
    ranking: Ranking,
    onProgress: (progress: { readonly built: number }) => void,
  ): Promise<void>;
}
