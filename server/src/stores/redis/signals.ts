import type { Redis } from 'ioredis';
import type { Ranking } from '../../domain/ranking.js';
import type { RankingSignals } from '../../features/reads/ports.js';
import { ANOTHER_MS, connect, REFUSED_MS, tryAnother } from './connection.js';
import { isRefusal } from './failure.js';
import { watchConnection } from './heartbeat.js';
import { identify } from './identity.js';
import { rankingChannel } from './keys.js';

/**
 * Signals of changes by Redis publish/subscribe, on a connection of its own. A lost connection may
 * lose messages, so everyone is signalled when it is back. It must lead to the Redis whose rankings are
 * read: `follow` makes it anew when that is another one.
 */
export class RedisSignals implements RankingSignals {
  readonly #redis: Redis;
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #stopWatching: () => void;
  /** The Redis server that this connection has reached; empty while that is not known. */
  #reached = '';
  #followed = '';

  constructor(url: string) {
    this.#redis = connect(url, 'rostrum-signals', undefined);
    this.#stopWatching = watchConnection(this.#redis, () => this.#redis.ping());
    this.#redis.on('close', () => {
      this.#reached = '';
    });
    this.#redis.on('message', (channel: string) => this.#signal(channel));
    this.#redis.on('ready', () => void this.#identify());
  }

  /** Signals come from this Redis server from now on. */
  follow(redis: string): void {
    this.#followed = redis;
    this.#compare();
  }

  /** Asks before it subscribes: on a connection with subscriptions Redis answers no such question. */
  async #identify(): Promise<void> {
    const { stream } = this.#redis;
    const identity = await identify(this.#redis).catch((error: Error) => error);
    if (this.#redis.stream !== stream) return;
    if (identity instanceof Error) {
      tryAnother(this.#redis, isRefusal(identity) ? REFUSED_MS : ANOTHER_MS);
      return;
    }
    this.#reached = identity.redis;
    this.#compare();
    for (const channel of this.#listeners.keys()) this.#subscribe(channel);
  }

  #compare(): void {
    if (this.#reached === '' || this.#followed === '' || this.#reached === this.#followed) return;
    tryAnother(this.#redis);
  }

  subscribe(ranking: Ranking, onSignal: () => void): () => void {
    const channel = rankingChannel(ranking.rankingNo);
    let listeners = this.#listeners.get(channel);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(channel, listeners);
      if (this.#reached !== '') this.#subscribe(channel);
    }
    // Wrapped, so that one function given twice is two subscriptions.
    const listener = (): void => onSignal();
    listeners.add(listener);
    return () => this.#unsubscribe(channel, listener);
  }

  close(): void {
    this.#stopWatching();
    this.#redis.disconnect();
  }

  #signal(channel: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener();
  }

  #subscribe(channel: string): void {
    this.#redis.subscribe(channel).then(
      // What changed before the subscription took hold was not signalled.
      () => this.#signal(channel),
      () => {}, // The connection broke: it is made again.
    );
  }

  #unsubscribe(channel: string, listener: () => void): void {
    const listeners = this.#listeners.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.#listeners.delete(channel);
    if (this.#reached !== '') this.#redis.unsubscribe(channel).catch(() => {});
  }
}
