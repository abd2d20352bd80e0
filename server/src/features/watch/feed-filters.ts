import type { PlayerId } from '../../domain/ids.js';
import type { RankingChange } from '../../domain/ranking.js';
import type { FeedWatcher } from './feed-watcher.js';

const none = (): RankingChange[] => [];

/**
 * Which watchers want which players: so a page costs its changes and their receivers, and not all watchers
 * times all changes.
 */
export class FeedFilters {
  readonly #wanted = new Map<PlayerId, Set<FeedWatcher>>();

  add(watcher: FeedWatcher): void {
    for (const player of watcher.players ?? []) {
      this.#wanted.getOrInsertComputed(player, () => new Set()).add(watcher);
    }
  }

  remove(watcher: FeedWatcher): void {
    for (const player of watcher.players ?? []) {
      const watchers = this.#wanted.get(player);
      watchers?.delete(watcher);
      if (watchers?.size === 0) this.#wanted.delete(player);
    }
  }

  /** The changes that each watcher with a filter hears of, in order. */
  select(changes: readonly RankingChange[]): Map<FeedWatcher, RankingChange[]> {
    const selection = new Map<FeedWatcher, RankingChange[]>();
    if (this.#wanted.size === 0) return selection;
    for (const change of changes) {
      for (const watcher of this.#wanted.get(change.playerId) ?? []) {
        selection.getOrInsertComputed(watcher, none).push(change);
      }
    }
    return selection;
  }
}
