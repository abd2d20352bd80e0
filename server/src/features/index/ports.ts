import type { Entry } from '../../domain/entry.js';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type {
  Confirmation,
  IndexMark,
  IndexState,
  Life,
  LifeId,
  Tenure,
} from '../../domain/index-rules.js';
import { StoreOutage } from '../../domain/outage.js';
import type { ChangePage, Ranking, RankingRead, RankingView } from '../../domain/ranking.js';

/* What this feature offers to others. */

/** Whether the index may be believed now; see IndexGate. */
export interface IndexAvailability {
  readonly isOpen: boolean;
  /** As `isOpen`, but waits a little if that is about to be known. */
  opensSoon(): Promise<boolean>;
  /** Notes that the index failed. */
  noteMissed(error: unknown): void;
}

/** Which epoch of a ranking's index may be asked; see IndexTrust. */
export interface TrustedEpochs {
  /** The epoch that answers may come from. */
  readableEpochOf(rankingNo: RankingNo): number | undefined;
  /** As `readableEpochOf`, even if the index lacks a committed batch. */
  epochOf(rankingNo: RankingNo): number | undefined;
  /** Whether the index lacks a committed batch. */
  hasGap(rankingNo: RankingNo): boolean;
  /** Whether the index has, within so many milliseconds, what reads of the store of record have shown. */
  catchesUp(rankingNo: RankingNo, patienceMs: number): Promise<boolean>;
  /** The store of record has answered a read of the ranking. */
  noteStoreRead(rankingNo: RankingNo): void;
  /** Takes back the trust in this epoch. */
  distrust(rankingNo: RankingNo, epoch: number): void;
}

/** Finds out whether the index of a ranking is whole; see IndexBuilder. */
export interface IndexCheck {
  /** Whether the index may be trusted; begins to mend it if not. */
  check(ranking: Ranking, damagedEpoch?: number): Promise<boolean>;
}

/* What this feature needs from the stores. */

/** An entry and its encoded payload, see `RankedRow`. */
export interface EncodedEntry {
  readonly entry: Entry;
  readonly payload: Uint8Array;
}

/** The state of an index. */
export interface FoundIndex extends IndexState {
  /** Whether it may hold payloads of an older version than this server's. */
  readonly outdated: boolean;
}

/** Since this version a player has no entry in a ranking, or none that is ranked. */
export interface Leaving {
  readonly playerId: PlayerId;
  readonly version: number;
}

/** An entry that is not ranked counts as a leaving. Of two writes for a player, the higher version counts. */
export type IndexWrite = EncodedEntry | Leaving;

/** Where an entry came to stand. Ranks are 1-based; 0 for a player who left. */
export interface IndexPlace {
  /** What the index had of the player. A newer entry stays, and the place is that of the newer one. */
  readonly had: 'none' | 'older' | 'same' | 'newer';
  /** Rank and version of the entry that the index had; 0 for none. */
  readonly previousRank: number;
  readonly previousVersion: number;
  readonly rank: number;
  readonly totalPlayers: number;
  readonly revision: number;
}

export type IndexApplied =
  | {
      readonly status: 'applied';
      readonly places: readonly IndexPlace[];
      /** See `FoundIndex`. */
      readonly outdated: boolean;
    }
  /** No index serves; the one that is being built, for this epoch, has the entries. */
  | { readonly status: 'building'; readonly epoch: number }
  /** There is no index, or it is damaged. */
  | { readonly status: 'absent' }
  /** Another epoch serves and does not have the entries. */
  | { readonly status: 'otherEpoch' };

/** `absent`: there is no index, or it is damaged; `otherEpoch`: another epoch than asked for serves. */
export type IndexAnswer<T> =
  | { readonly status: 'answered'; readonly value: T }
  | { readonly status: 'absent' | 'otherEpoch' };

/** Entries in the form in which an index that is being built takes them. */
export interface EntryGroup {
  /** How many there are. */
  readonly size: number;
  /** How much memory they take. */
  readonly bytes: number;
  add(entry: Entry, payload: Uint8Array): void;
  /** Makes it empty, for other entries. */
  clear(): void;
  /**
   * All of them in the order of the ranking, `size` at a time: neighbours are cheap to put in one
   * after the other. The next part overwrites the memory of the one before.
   */
  parts(size: number): Iterable<{ readonly size: number; readonly records: Uint8Array }>;
}

/** An index that is being built. */
export interface IndexBuild extends Tenure {
  readonly epoch: number;
  /** Unlike that of any other build of the same epoch. */
  readonly name: string;
}

/** What the index holds of one player. */
export interface IndexInspection {
  readonly playerId: PlayerId;
  /** Undefined: nothing. */
  readonly found:
    | {
        /** Numbers are NaN if what is there is no record of the player. */
        readonly score: number;
        readonly subscore: number;
        readonly reached: number;
        readonly version: number;
        readonly payload: Buffer;
        /** Whether the player has a place in the order, and at this score. */
        readonly placed: boolean;
      }
    | undefined;
}

/** Part of a list of players; `cursor` is '0' at the end. */
export interface PlayerPage {
  readonly cursor: string;
  readonly playerIds: readonly PlayerId[];
}

/**
 * The index: rankings in Redis. Every method throws `IndexUnavailable` when it cannot be reached. What
 * is not of the expected type counts as absent.
 */
export interface RankingIndex {
  /** @param epoch the one to write to, known to be whole; 0 for only what is being built */
  apply(ranking: Ranking, epoch: number, writes: readonly IndexWrite[]): Promise<IndexApplied>;
  read(
    ranking: Ranking,
    epoch: number,
    reads: readonly RankingRead[],
  ): Promise<IndexAnswer<readonly RankingView[]>>;
  readChanges(
    ranking: Ranking,
    epoch: number,
    afterRevision: number,
    limit: number,
  ): Promise<IndexAnswer<ChangePage>>;
  state(ranking: Ranking): Promise<FoundIndex>;
  /**
   * Moves a whole index into another life: it goes on under a new epoch of the same parity, with a revision
   * that was never reached before, and an empty feed. False if the index is not of `from`, or if another Redis
   * than that of the life is connected.
   */
  adopt(
    ranking: Ranking,
    from: { readonly life: LifeId; readonly epoch: number },
    to: Tenure & { readonly epoch: number },
    revisionGap: number,
  ): Promise<boolean>;
  /** From now on `apply` also writes to the new epoch; only `keepEpoch` may go on serving. */
  beginBuild(
    ranking: Ranking,
    keepEpoch: number | undefined,
    newEpoch: number,
    tenure: Tenure,
  ): Promise<IndexBuild>;
  /** An empty group for entries on their way into what is being built. */
  group(ranking: Ranking): EntryGroup;
  /**
   * Puts entries into what is being built, unless it has newer ones. False if another build has
   * taken its place, or another Redis is connected.
   *
   * @param records of `EntryGroup.parts`: at most 1,000, each of another player
   */
  build(ranking: Ranking, build: IndexBuild, records: Uint8Array): Promise<boolean>;
  /**
   * Lets what was built serve. Returns its revision; undefined if `build` would return false, or if the index
   * lost a part of it.
   *
   * @param entries how many were put in
   */
  swap(
    ranking: Ranking,
    build: IndexBuild,
    entries: number,
    revisionFloor: number,
  ): Promise<number | undefined>;
  inspect(
    ranking: Ranking,
    epoch: number,
    playerIds: readonly PlayerId[],
  ): Promise<IndexAnswer<{ players: number; inspections: readonly IndexInspection[] }>>;
  /** Lists players who have an entry; `cursor` is '0' to begin. A player may come twice. */
  scan(ranking: Ranking, epoch: number, cursor: string): Promise<IndexAnswer<PlayerPage>>;
  /** Lists players who have a place in the order but no entry; otherwise as `scan`. */
  scanOrphans(ranking: Ranking, epoch: number, cursor: string): Promise<IndexAnswer<PlayerPage>>;
  /** Removes all that the index has of a deleted ranking. */
  remove(rankingNo: RankingNo): Promise<void>;
}

/** What an index that is being built still needs: the entries of a ranking by ascending player id. */
export interface FillRequest {
  readonly ranking: Ranking;
  readonly build: IndexBuild;
  /** The last player whose entry is in already; '' for none. */
  readonly afterPlayerId: string;
}

/** Fills an index that is being built. */
export interface IndexFiller {
  /**
   * Puts the entries in as the store of record has them after this call began, or newer. Returns how many.
   *
   * @param onProgress called with how many have been put in so far
   * @throws IndexUnavailable if another build took its place or the index was lost;
   * STORE_UNAVAILABLE; the reason of `signal` when it is aborted
   */
  fill(
    request: FillRequest,
    onProgress: (filled: number) => void,
    signal?: AbortSignal,
  ): Promise<number>;
}

/** The connection to Redis. It is checked all the time, and given up when Redis does not answer. */
export interface IndexConnection {
  readonly connected: boolean;
  /**
   * Names the Redis server that is connected: another name after a restart or a failover, when what was
   * written last may be gone. Empty while there is no connection.
   */
  readonly redis: string;
  /** Called each time a Redis that takes writes is connected. */
  onReady(listener: () => void): void;
  /** Called when the connection is lost, or leads to another Redis or a replica by now. */
  onLost(listener: () => void): void;
  /**
   * Lets commands pass to this Redis server and to no other; undefined: to none. What is written to a
   * server of another life would be confirmed for the wrong one.
   */
  admit(redis: string | undefined): void;
  /**
   * Whether Redis is in an earlier state of this life than was seen on any connection. From now on that is
   * looked at all the time, and the connection is lost when it is so. @throws IndexUnavailable
   */
  hasGoneBack(life: LifeId): Promise<boolean>;
  /** Closes the connection and opens another after a moment: the address may lead elsewhere by then. */
  connectAnew(): void;
  /** Whether Redis answers at all. @throws IndexUnavailable */
  ping(): Promise<void>;
}

/** The lives of the index, in the store of record. All methods throw STORE_UNAVAILABLE. */
export interface LifeStore {
  /** The present one. @throws also `StoreSilent` */
  present(): Promise<Life | undefined>;
  /** Whether there was a life of this Redis server. */
  wasSuperseded(redis: string): Promise<boolean>;
  /**
   * Begins a life of this Redis server, unless the present one is not `expected`. Returns the present one.
   *
   * @param wentBack whether it has gone back: all marks are doubtful then
   */
  declare(expected: LifeId | undefined, redis: string, wentBack?: boolean): Promise<Life>;
  /** Notes that every lease on the lives before is over. */
  markReady(life: LifeId): Promise<void>;
}

/** The store of record sent nothing: no answer and no refusal. */
export class StoreSilent extends StoreOutage {
  override readonly name = 'StoreSilent';
}

/** The index could not be reached or did not answer in time; the command may have taken effect. */
export class IndexUnavailable extends StoreOutage {
  override readonly name = 'IndexUnavailable';
}

/** `not as it was`: another change came first; `life over`: the life in the new mark has ended. */
export type MarkChange = 'changed' | 'not as it was' | 'life over';

/** A committed batch that the index may lack. */
export interface OutboxBatch {
  readonly outboxId: number;
  readonly keys: readonly { readonly rankingNo: RankingNo; readonly playerId: PlayerId }[];
}

/** The rankings and their marks, in the store of record. All methods throw STORE_UNAVAILABLE. */
export interface RankingStore {
  findByNumbers(rankingNos: readonly RankingNo[]): Promise<Ranking[]>;
  /** Undefined for a ranking that does not exist any more. */
  mark(rankingNo: RankingNo): Promise<IndexMark | undefined>;
  /** Changes the mark if it still is as it was, and the life in `to` is the present one. */
  changeMark(
    rankingNo: RankingNo,
    from: IndexMark,
    to: IndexMark & { readonly life: LifeId },
    options: { readonly ifSettledRevisionIsSame: boolean },
  ): Promise<MarkChange>;
  /**
   * Runs `work` unless another process is building this ranking; then returns undefined at once.
   *
   * @param work is told when the lock was lost: another process may be building then
   */
  withBuildLock<T>(
    rankingNo: RankingNo,
    work: (lost: AbortSignal) => Promise<T>,
  ): Promise<T | undefined>;
}

/** The entries in the store of record. All methods throw STORE_UNAVAILABLE. */
export interface EntryStore {
  /**
   * Lets a player leave a ranking, or return to it with the entry as it is then. The index learns of it from
   * the outbox. Returns the id of that batch; undefined if nothing was changed.
   */
  setRanked(rankingNo: RankingNo, playerId: PlayerId, ranked: boolean): Promise<number | undefined>;
  /** The entries that exist, ranked or not, in any order. */
  find(keys: OutboxBatch['keys']): Promise<Entry[]>;
  /** Entries that are ranked, by ascending player id, after `afterPlayerId` ('' for the first). */
  scan(rankingNo: RankingNo, afterPlayerId: string, limit: number): Promise<Entry[]>;
  /** How many entries are ranked. */
  count(rankingNo: RankingNo): Promise<number>;
  /** As `count`, but at most `limit`, which bounds the time it takes. @throws StoreTooSlow */
  countUpTo(rankingNo: RankingNo, limit: number): Promise<number>;
}

/** Entries in bulk, out of the store of record. */
export interface EntryStream {
  /**
   * All ranked entries after `afterPlayerId` ('' for the first) by ascending player id, some at a time, as
   * fast as they are taken. Each is as it was at some moment after the call.
   *
   * @throws STORE_UNAVAILABLE
   */
  stream(rankingNo: RankingNo, afterPlayerId: string): AsyncIterable<readonly Entry[]>;
}

/** What the index confirmed for one ranking. */
export type RankingConfirmation = Confirmation & { readonly rankingNo: RankingNo };

/** A batch, with a confirmation for each of its rankings that exists. */
export interface Settlement {
  readonly outboxId: number;
  readonly confirmations: readonly RankingConfirmation[];
}

/** The outbox in the store of record. All methods throw STORE_UNAVAILABLE. */
export interface Outbox {
  /** Batches with ids above `afterId` up to `throughId`, lowest first. */
  pending(afterId: number, throughId: number, limit: number): Promise<OutboxBatch[]>;
  /** The highest id of any batch that is committed by now, or a higher one. */
  lastId(): Promise<number>;
  /** How many batches are in the outbox. */
  count(): Promise<number>;
  /**
   * Removes batches whose confirmations count, and raises the settled revisions of their rankings.
   * Returns the rankings of those that stay.
   */
  settle(settlements: readonly Settlement[]): Promise<RankingNo[]>;
  /** Brings one new name of a player into the player's entries. False if there was none. */
  applyRename(): Promise<boolean>;
}
