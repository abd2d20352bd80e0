import type { RostrumError } from '../../domain/errors.js';
import type { Ranking, RankingRead } from '../../domain/ranking.js';
import type { RankingSignals } from '../reads/ports.js';
import type { Watcher } from './watcher.js';
import { WatchersByConnection } from './watchers-by-connection.js';

/** Tells the revision at the price of a row. */
export const FIRST_ROW: RankingRead = { kind: 'range', start: 0, count: 1 };

/** Everyone who watches one view of a ranking, or its feed. */
export abstract class WatchGroup<W extends Watcher> {
  protected readonly watchers = new WatchersByConnection<W>();
  #ranking: Ranking;
  #unsubscribe: (() => void) | undefined;

  constructor(
    ranking: Ranking,
    private readonly signals: RankingSignals,
  ) {
    this.#ranking = ranking;
  }

  /** Periodic work: checkpoints, slow watchers, trying an index again that was away. */
  abstract tick(now: number): void;

  /** Takes out a watcher if it is there. */
  protected abstract leave(watcher: W): void;

  /** The ranking may have changed. */
  protected abstract look(): void;

  get ranking(): Ranking {
    return this.#ranking;
  }

  /**
   * The ranking as last looked up. An empty leaderboard whose order was changed has another one,
   * with a newer epoch: watchers are told by a reset.
   */
  set ranking(ranking: Ranking) {
    const isOther = ranking.rankingNo !== this.#ranking.rankingNo;
    this.#ranking = ranking;
    if (!isOther || this.#unsubscribe === undefined) return;
    this.unsubscribe();
    this.subscribe();
    this.look();
  }

  get watcherCount(): number {
    return this.watchers.size;
  }

  /** Ends every stream: with `error`, or without one because the server shuts down. */
  endAll(error?: RostrumError): void {
    for (const watcher of [...this.watchers]) {
      if (error === undefined) watcher.endShuttingDown();
      else watcher.stream.end(error);
      this.leave(watcher);
    }
  }

  protected subscribe(): void {
    this.#unsubscribe ??= this.signals.subscribe(this.#ranking, () => this.look());
  }

  protected unsubscribe(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }
}
