import { Allotment } from '../../domain/allotment.js';
import type { Caller } from '../../domain/caller.js';
import { RostrumError, StatusCode } from '../../domain/errors.js';
import { FairSlots } from '../../domain/fair-slots.js';
import type { LeaderboardId, PlayerId } from '../../domain/ids.js';
import { type Ranking, type RankingSelector, rowsOf } from '../../domain/ranking.js';
import type { RankingDirectory } from '../directory/ports.js';
import { Feed } from './feed.js';
import { HistoryBudget } from './frame-history.js';
import { KeptRows } from './kept-rows.js';
import type { WatchStats, WatchStream } from './ports.js';
import { View } from './view.js';
import { intervalStep, readOf, type ViewSpec, viewKey } from './view-key.js';
import { WatchCounters } from './watch-counters.js';
import type { WatchEnvironment } from './watch-environment.js';
import { DEFAULT_WATCH_OPTIONS, type WatchOptions } from './watch-options.js';

/** A ranking together with how its watchers named it. */
export interface WatchedRanking {
  readonly ranking: Ranking;
  readonly selector: RankingSelector;
}

/** A view or a feed, and how its watchers named its ranking. */
interface Held<T extends View | Feed> {
  readonly group: T;
  readonly selector: RankingSelector;
  /** When the ranking was last looked up. */
  confirmedAt: number;
}

interface HeldView extends Held<View> {
  readonly rows: KeptRows;
}

/**
 * Rows that are read for views at a time: enough to keep the index busy with many small views, and few
 * enough that other calls come between the answers to large ones.
 */
const VIEW_ROWS_AT_ONCE = 1_024;

/** All watches of this server: brings watchers of the same view or feed together. */
export class WatchHub {
  readonly #environment: WatchEnvironment;
  readonly #places: Allotment;
  readonly #rows: Allotment;
  readonly #views = new Map<string, HeldView>();
  /** The views that nobody watches, in the order in which they were left. */
  readonly #idleViews = new Map<string, HeldView>();
  #idleRows = 0;
  readonly #feeds = new Map<number, Held<Feed>>();
  readonly #ticker: NodeJS.Timeout;
  #closed = false;

  constructor(
    private readonly directory: RankingDirectory,
    parts: Pick<WatchEnvironment, 'reader' | 'signals' | 'turns' | 'reportFault'>,
    changedOptions: Partial<WatchOptions> = {},
  ) {
    const options = { ...DEFAULT_WATCH_OPTIONS, ...changedOptions };
    this.#environment = {
      ...parts,
      options,
      slots: new FairSlots(VIEW_ROWS_AT_ONCE),
      counters: new WatchCounters(),
      budget: new HistoryBudget(options.totalHistoryRows),
    };
    this.#places = new Allotment(options.maxWatches, options.identityWatches);
    this.#rows = new Allotment(options.maxRows, options.identityRows);
    this.#ticker = setInterval(() => this.#tick(), options.tickMs).unref();
  }

  /**
   * Sends a view to `stream` until that ends. `resumeToken` is empty for a new watch.
   * @throws INVALID_RESUME_TOKEN, TOO_MANY_WATCHES, SHUTTING_DOWN
   */
  watchStandings(
    { ranking, selector }: WatchedRanking,
    spec: ViewSpec,
    minIntervalMs: number,
    resumeToken: string,
    stream: WatchStream,
  ): void {
    this.#admit(stream.caller);
    const interval = intervalStep(minIntervalMs);
    const key = viewKey(ranking.rankingNo, spec, interval);
    const held = this.#views.get(key) ?? {
      group: new View(ranking, spec, interval, this.#environment),
      rows: new KeptRows(rowsOf(readOf(spec)), this.#rows),
      selector,
      confirmedAt: performance.now(),
    };
    const { group, rows } = held;
    this.#admitRows(stream.caller, rows);
    group.ranking = ranking;
    group.join(stream, resumeToken);
    this.#count(stream, rows);
    this.#views.set(key, held);
    if (this.#idleViews.delete(key)) this.#idleRows -= rows.count;
    stream.onClose(() => this.#noteIdle(key, held));
  }

  /**
   * Sends the changes of a ranking to `stream` until that ends; `players` undefined means all.
   * `resumeToken` is empty for a new watch.
   * @throws INVALID_RESUME_TOKEN, TOO_MANY_WATCHES, SHUTTING_DOWN
   */
  watchChanges(
    { ranking, selector }: WatchedRanking,
    players: readonly PlayerId[] | undefined,
    resumeToken: string,
    stream: WatchStream,
  ): void {
    this.#admit(stream.caller);
    const rows = new KeptRows(players?.length ?? 0, this.#rows);
    this.#admitRows(stream.caller, rows);
    const held = this.#feeds.get(ranking.rankingNo) ?? {
      group: new Feed(ranking, this.#environment),
      selector,
      confirmedAt: performance.now(),
    };
    held.group.ranking = ranking;
    held.group.join(stream, players, resumeToken);
    this.#count(stream, rows);
    this.#feeds.set(ranking.rankingNo, held);
  }

  /** A leaderboard was changed or deleted: watchers are told at once, not at the next look. */
  recheck(leaderboardId: LeaderboardId): void {
    for (const held of this.#groups()) {
      if (held.selector.leaderboardId === leaderboardId) void this.#confirm(held);
    }
  }

  /** How many watches an identity that has `held` of them may have open. */
  limitOf(held: number): number {
    return this.#places.limitOf(held);
  }

  /** How many rows may be kept for the watches of an identity that has `held` of them. */
  rowLimitOf(held: number): number {
    return this.#rows.limitOf(held);
  }

  stats(): WatchStats {
    return { ...this.#environment.counters, views: this.#views.size, rows: this.#rows.used };
  }

  /**
   * Ends every watch with SHUTTING_DOWN and the token to resume with, and admits no more. Call it
   * before waiting for open streams to end.
   */
  endAll(): void {
    this.#closed = true;
    clearInterval(this.#ticker);
    for (const { group } of this.#groups()) group.endAll();
    for (const { group } of this.#views.values()) group.release();
    this.#views.clear();
    this.#idleViews.clear();
    this.#feeds.clear();
  }

  #admit(caller: Caller): void {
    if (this.#closed) {
      throw new RostrumError('SHUTTING_DOWN', 'the server is shutting down; call another one', {
        retryAfterMs: 500,
      });
    }
    const { of: identity, watches } = caller;
    const places = this.#places;
    if (places.mayTake(identity.watches) && places.connectionMayTake(watches, identity.watches)) {
      return;
    }
    throw tooManyWatches(
      caller,
      'watches',
      places.total,
      places.used >= places.total
        ? `this server has ${places.used} watches open, which is as many as it accepts`
        : `${identity.identity} has ${identity.watches} watches open, ${watches} of them on this connection, which is as many as it may have beside others`,
    );
  }

  #admitRows(caller: Caller, rows: KeptRows): void {
    if (rows.mayJoin(caller)) return;
    const { of: identity, watchedRows } = caller;
    const { used, total } = this.#rows;
    throw tooManyWatches(
      caller,
      'watchedRows',
      total,
      used + rows.count > total
        ? `the watches of this server show ${used} players, and ${rows.count} more are over what it accepts; watch fewer`
        : `the watches of ${identity.identity} show ${identity.watchedRows} players, ${watchedRows} of them on this connection, and ${rows.count} more are over what it may have beside others; watch fewer`,
    );
  }

  #count(stream: WatchStream, rows: KeptRows): void {
    const { caller } = stream;
    this.#places.take();
    rows.join(caller);
    caller.watches += 1;
    caller.of.watches += 1;
    stream.onClose(() => {
      this.#places.release();
      rows.leave(caller);
      caller.watches -= 1;
      caller.of.watches -= 1;
    });
  }

  *#groups(): Generator<Held<View | Feed>> {
    yield* this.#views.values();
    yield* this.#feeds.values();
  }

  #tick(): void {
    const now = performance.now();
    const { checkpointMs } = this.#environment.options;
    for (const held of this.#groups()) {
      held.group.tick(now);
      if (held.group.watcherCount > 0 && now - held.confirmedAt >= checkpointMs) {
        held.confirmedAt = now;
        void this.#confirm(held);
      }
    }
    for (const [key, { group }] of this.#feeds) {
      if (group.watcherCount === 0) this.#feeds.delete(key);
    }
    this.#releaseIdleViews(now);
  }

  /** Keeps a view that nobody watches any more for a while. */
  #noteIdle(key: string, held: HeldView): void {
    const isKnown = this.#views.get(key) !== held || this.#idleViews.has(key);
    if (isKnown || held.group.watcherCount > 0) return;
    this.#idleViews.set(key, held);
    this.#idleRows += held.rows.count;
    this.#releaseIdleViews(performance.now());
  }

  #releaseIdleViews(now: number): void {
    const { maxIdleViews, maxIdleRows, lingerMs } = this.#environment.options;
    for (const [key, { group, rows }] of this.#idleViews) {
      const keep =
        this.#idleViews.size <= maxIdleViews &&
        this.#idleRows <= maxIdleRows &&
        group.idleMs(now) < lingerMs;
      if (keep) return;
      group.release();
      this.#idleViews.delete(key);
      this.#idleRows -= rows.count;
      this.#views.delete(key);
    }
  }

  /** Ends the watches of a ranking that is no more. */
  async #confirm({ group, selector }: Held<View | Feed>): Promise<void> {
    try {
      const ranking = await this.directory.resolve(selector);
      if (ranking.boardNo === group.ranking.boardNo) {
        group.ranking = ranking;
        return;
      }
      group.endAll(
        new RostrumError('LEADERBOARD_NOT_FOUND', 'the leaderboard was deleted and made again', {
          metadata: { leaderboard_id: selector.leaderboardId },
        }),
      );
    } catch (error) {
      // Anything else, such as a store that is away, is no reason to end watches.
      if (error instanceof RostrumError && error.code === StatusCode.NOT_FOUND) group.endAll(error);
    }
  }
}

/** Counts the refusal, and says why. */
function tooManyWatches(
  { of: identity }: Caller,
  kind: 'watches' | 'watchedRows',
  limit: number,
  message: string,
): RostrumError {
  identity.refuse(kind);
  const metadata = { limit: String(limit) };
  return new RostrumError('TOO_MANY_WATCHES', message, { metadata, retryAfterMs: 5_000 });
}
