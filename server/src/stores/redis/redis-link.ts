import { Redis } from 'ioredis';
import { isRefusal, NO_ANSWER, redisFailure } from './failure.js';
import { watchConnection } from './heartbeat.js';
import { identify, type RedisIdentity } from './identity.js';

/** The longest pause between two attempts to connect, in milliseconds. */
const RECONNECT_MS = 250;
/** How long, in milliseconds, before a server that is no use is left and the address is tried again. */
const ANOTHER_MS = 100;
/** The same if Redis refuses us: somebody has to correct a setting first. */
const REFUSED_MS = 2_000;

export interface RedisLinkOptions {
  readonly url: string;
  /** Shown in CLIENT LIST. */
  readonly name: string;
  /** How long a command may take, in milliseconds; without it, as long as the connection lives. */
  readonly commandTimeoutMs?: number;
  /** Asks something that only a server that is alive can answer. Called several times a second. */
  readonly ask: () => Promise<unknown>;
  /** Called each time that a server is connected that takes writes, once it is known which. */
  readonly onIdentified: () => void;
  readonly onLost?: () => void;
  /** Called each time that Redis cannot be used, with the reason in words. */
  readonly onTrouble?: (reason: string) => void;
}

/**
 * A connection to Redis that knows which server it has reached. It reconnects for ever, first at once, then
 * four times a second. Commands are never queued while it is away nor sent again after it.
 */
export class RedisLink {
  readonly redis: Redis;
  readonly #stopWatching: () => void;
  #identity: RedisIdentity | undefined;

  constructor(private readonly options: RedisLinkOptions) {
    this.redis = new Redis(options.url, {
      connectionName: options.name,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // The driver would not hear that its own subscription failed, and an error that nobody hears ends the
      // process. RedisSignals subscribes anew itself.
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 1000,
      ...(options.commandTimeoutMs && { commandTimeout: options.commandTimeoutMs }),
      retryStrategy: (times) => Math.min(20 * 2 ** times, RECONNECT_MS),
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    });
    this.redis.on('error', (error: Error) => options.onTrouble?.(redisFailure(error)));
    this.redis.on('close', () => {
      this.#identity = undefined;
      options.onLost?.();
    });
    this.redis.on('ready', () => void this.#identify());
    this.#stopWatching = watchConnection(this.redis, options.ask, () =>
      options.onTrouble?.(NO_ANSWER),
    );
  }

  /** The server that is connected; undefined while there is none, or it is not known which. */
  get identity(): RedisIdentity | undefined {
    return this.redis.status === 'ready' ? this.#identity : undefined;
  }

  /** Finds out which server was reached. Once there are subscriptions Redis would not say. */
  async #identify(): Promise<void> {
    const { stream } = this.redis;
    const identity = await identify(this.redis).catch((error: Error) => error);
    if (this.redis.stream !== stream) return;
    if (identity instanceof Error) {
      this.options.onTrouble?.(redisFailure(identity));
      this.connectAnew(isRefusal(identity) ? REFUSED_MS : ANOTHER_MS);
    } else if (!identity.isPrimary) {
      this.options.onTrouble?.('it is a replica, which takes no writes');
      this.connectAnew();
    } else {
      this.#identity = identity;
      this.options.onIdentified();
    }
  }

  /** Leaves the server after a moment, and connects to whichever the address leads to then. */
  connectAnew(pauseMs = ANOTHER_MS): void {
    const { stream } = this.redis;
    setTimeout(() => {
      if (this.redis.stream === stream) this.breakOff();
    }, pauseMs);
  }

  /** Leaves the server at once, and connects again. */
  breakOff(): void {
    this.redis.stream.destroy();
  }

  close(): void {
    this.#stopWatching();
    this.redis.disconnect();
  }
}
