import type { LeaderboardId } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
import type { RankingSignals } from '../../features/reads/ports.js';
import { BOARD_CHANNEL, rankingChannel } from './keys.js';
import { RedisLink } from './redis-link.js';

/**
 * Signals of changes by Redis publish/subscribe, on a connection of its own. A lost connection may
 * lose messages, so everyone is signalled when it is back. It must lead to the Redis whose rankings are
 * read: `follow` connects anew if it does not.
 */
export class RedisSignals implements RankingSignals {
  readonly #link: RedisLink;
  readonly #listeners = new Map<string, Set<() => void>>();
  #onBoardChanged: (leaderboardId: LeaderboardId) => void = () => {};
  #followed = '';

  constructor(url: string) {
    this.#link = new RedisLink({
      url,
      name: 'rostrum-signals',
      ask: () => this.#link.redis.ping(),
      onIdentified: () => {
        this.#compare();
        this.#link.redis.subscribe(BOARD_CHANNEL).catch(() => {}); // As in `#subscribe`.
        for (const channel of this.#listeners.keys()) this.#subscribe(channel);
      },
    });
    this.#link.redis.on('message', (channel: string, message: string) => {
      if (channel === BOARD_CHANNEL) this.#onBoardChanged(message as LeaderboardId);
      else this.#signal(channel);
    });
  }

  /** Signals come from this Redis server from now on. */
  follow(redis: string): void {
    this.#followed = redis;
    this.#compare();
  }

  /** Calls when any server has changed or deleted a leaderboard; not for what happens while there is no connection. */
  onBoardChanged(listener: (leaderboardId: LeaderboardId) => void): void {
    this.#onBoardChanged = listener;
  }

  #compare(): void {
    const { identity } = this.#link;
    if (identity === undefined || this.#followed === '') return;
    if (identity.redis !== this.#followed) this.#link.connectAnew();
  }

  subscribe(ranking: Ranking, onSignal: () => void): () => void {
    const channel = rankingChannel(ranking.rankingNo);
    let listeners = this.#listeners.get(channel);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(channel, listeners);
      this.#subscribe(channel);
    }
    // Wrapped, so that one function given twice is two subscriptions.
    const listener = (): void => onSignal();
    listeners.add(listener);
    return () => this.#unsubscribe(channel, listener);
  }

  close(): void {
    this.#link.close();
  }

  #signal(channel: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener();
  }

  /** Once a connection is identified, all channels are subscribed to. */
  #subscribe(channel: string): void {
    if (this.#link.identity === undefined) return;
    this.#link.redis.subscribe(channel).then(
      // What changed before the subscription took hold was not signalled.
      () => this.#signal(channel),
      () => {}, // The connection broke: it is made again.
    );
  }

  #unsubscribe(channel: string, listener: () => void): void {
    const listeners = this.#listeners.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.#listeners.delete(channel);
    if (this.#link.identity !== undefined) this.#link.redis.unsubscribe(channel).catch(() => {});
  }
}
