import type { Redis } from 'ioredis';
import type { Ranking } from '../../domain/ranking.js';
import type { RankingSignals } from '../../features/rankings/ports.js';
import { connect } from './connection.js';
import { rankingChannel } from './keys.js';

/**
 * Signals of changes by Redis publish/subscribe, on a connection of its own. A lost connection may
 * lose messages, so everyone is signalled when it is back.
 */
export class RedisSignals implements RankingSignals {
  readonly #redis: Redis;
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(url: string) {
    this.#redis = connect(url, 'rostrum signals', undefined);
    this.#redis.on('message', (channel: string) => this.#signal(channel));
    this.#redis.on('ready', () => {
      for (const channel of this.#listeners.keys()) this.#subscribe(channel);
    });
  }

  subscribe(ranking: Ranking, onSignal: () => void): () => void {
    const channel = rankingChannel(ranking.rankingNo);
    let listeners = this.#listeners.get(channel);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(channel, listeners);
      if (this.#redis.status === 'ready') this.#subscribe(channel);
    }
    // Wrapped, so that one function given twice is two subscriptions.
    const listener = (): void => onSignal();
    listeners.add(listener);
    return () => this.#unsubscribe(channel, listener);
  }

  close(): void {
    this.#redis.disconnect();
  }

  #signal(channel: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener();
  }

  #subscribe(channel: string): void {
    this.#redis.subscribe(channel).then(
      // What changed before the subscription took hold was not signalled.
      () => this.#signal(channel),
      () => {}, // The connection broke: `ready` comes again.
    );
  }

  #unsubscribe(channel: string, listener: () => void): void {
    const listeners = this.#listeners.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.#listeners.delete(channel);
    if (this.#redis.status === 'ready') this.#redis.unsubscribe(channel).catch(() => {});
  }
}
