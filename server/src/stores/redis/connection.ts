import { Redis } from 'ioredis';
import { type IndexConnection, IndexUnavailable } from '../../features/index/ports.js';
import { isRefusal, NO_ANSWER, redisFailure, TIMED_OUT } from './failure.js';
import { watchConnection } from './heartbeat.js';
import { identify, isStill, type RedisIdentity } from './identity.js';
import { KEYS_PER_RANKING } from './keys.js';
import { readScript, SCRIPT_NAMES, type ScriptName } from './script-file.js';

/** What Redis answers when something else lies under a ranking's keys than the scripts put there. */
const DAMAGE = /^(WRONGTYPE|ERR .*(script|XADD|not an integer|not a valid float))/;
/** What it answers when it cannot serve at all; older versions wrap it in an error of the script. */
const NOT_SERVING = /OOM|READONLY|LOADING|MISCONF|MASTERDOWN|NOREPLICAS|BUSY|CLUSTERDOWN/;
/** The longest pause between two attempts to connect, in milliseconds. */
const RECONNECT_MS = 250;
/** How long, in milliseconds, before a server that is no use is left and the address is tried again. */
export const ANOTHER_MS = 100;
/** The same where Redis refuses us: somebody has to mend a setting first. */
export const REFUSED_MS = 2_000;

/** A reply in the types that the scripts return; bulk strings come as buffers. */
export type ScriptReply = number | Buffer | null | ScriptReply[];
type ScriptCall = (...args: (string | number | Buffer)[]) => Promise<ScriptReply>;

export interface RedisOptions {
  readonly url: string;
  /** How long a command may take, in milliseconds. */
  readonly commandTimeoutMs: number;
  /** Called with the duration in milliseconds of each script that was answered. */
  readonly onRoundTrip?: (durationMs: number) => void;
  /** Called each time that Redis cannot be used, with the reason in words. */
  readonly onTrouble?: (reason: string) => void;
}

/**
 * The connection to Redis. It reconnects by itself; commands are never queued while it is away nor
 * sent again after it: what became of them is for the caller to find out.
 */
export class RedisConnection implements IndexConnection {
  readonly #redis: Redis;
  readonly #scripts: Record<ScriptName, ScriptCall>;
  readonly #onRoundTrip: ((durationMs: number) => void) | undefined;
  readonly #onTrouble: (reason: string) => void;
  readonly #readyListeners: (() => void)[] = [];
  readonly #lostListeners: (() => void)[] = [];
  readonly #stopWatching: () => void;
  #identity: RedisIdentity | undefined;
  #admitted: string | undefined;
  #trouble = '';

  constructor(options: RedisOptions) {
    this.#onRoundTrip = options.onRoundTrip;
    this.#onTrouble = options.onTrouble ?? (() => {});
    this.#redis = connect(options.url, 'rostrum', options.commandTimeoutMs);
    const scripts: Partial<Record<ScriptName, ScriptCall>> = {};
    for (const name of SCRIPT_NAMES) {
      this.#redis.defineCommand(name, {
        lua: readScript(name),
        numberOfKeys: KEYS_PER_RANKING,
      });
      const commands = this.#redis as unknown as Record<string, ScriptCall>;
      scripts[name] = (commands[`${name}Buffer`] as ScriptCall).bind(this.#redis);
    }
    this.#scripts = scripts as Record<ScriptName, ScriptCall>;
    this.#redis.on('close', () => {
      this.#identity = undefined;
      for (const listener of this.#lostListeners) listener();
    });
    this.#redis.on('error', (error: Error) => this.#note(redisFailure(error)));
    this.#redis.on('ready', () => void this.#identify());
    this.#stopWatching = watchConnection(
      this.#redis,
      () => this.#look(),
      () => this.#note(NO_ANSWER),
    );
  }

  /** Whether commands can be sent, and it is known to which server. */
  get connected(): boolean {
    return this.#identity !== undefined && this.#redis.status === 'ready';
  }

  /** Names the Redis server that is connected (see `RedisIdentity`); empty while there is none. */
  get redis(): string {
    return this.connected ? (this.#identity?.redis ?? '') : '';
  }

  /** Why Redis cannot be used, in words; empty while it can, or was never tried. */
  get trouble(): string {
    return this.connected ? '' : this.#trouble;
  }

  onReady(listener: () => void): void {
    this.#readyListeners.push(listener);
    if (this.connected) listener();
  }

  onLost(listener: () => void): void {
    this.#lostListeners.push(listener);
  }

  admit(redis: string | undefined): void {
    this.#admitted = redis;
  }

  connectAnew(): void {
    tryAnother(this.#redis);
  }

  /** Finds out which server this connection has reached. */
  async #identify(): Promise<void> {
    const { stream } = this.#redis;
    const identity = await identify(this.#redis).catch((error: Error) => error);
    if (this.#redis.stream !== stream) return;
    // Without an answer the connection is broken or useless, and a replica takes no writes: try another.
    if (identity instanceof Error) {
      this.#note(redisFailure(identity));
      tryAnother(this.#redis, isRefusal(identity) ? REFUSED_MS : ANOTHER_MS);
      return;
    }
    if (!identity.isPrimary) {
      this.#note('it is a replica, which takes no writes');
      this.connectAnew();
      return;
    }
    this.#identity = identity;
    for (const listener of this.#readyListeners) listener();
  }

  #note(reason: string): void {
    this.#trouble = reason;
    this.#onTrouble(reason);
  }

  /** A server that is no primary any more, or was promoted anew, is not the one that it was. */
  async #look(): Promise<void> {
    const identity = this.#identity;
    if (identity === undefined) return;
    const same = await isStill(identity, this.#redis);
    if (!same && this.#identity === identity) this.#redis.stream.destroy();
  }

  /**
   * Runs a script on the keys of one ranking.
   *
   * @param ifDamaged the reply where something else lies under the keys than the scripts put there
   * @throws IndexUnavailable
   */
  async run(
    name: ScriptName,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
    ifDamaged?: ScriptReply,
  ): Promise<ScriptReply> {
    this.#checkAdmitted(name);
    const start = performance.now();
    try {
      const reply = await this.#scripts[name](...keys, ...args);
      this.#onRoundTrip?.(performance.now() - start);
      return reply;
    } catch (thrown) {
      const error = thrown as Error;
      if (ifDamaged !== undefined && isDamage(error.message)) return ifDamaged;
      throw this.#unavailable(name, error);
    }
  }

  /** Commands leave on the connection that this looks at, or fail: none is queued. */
  #checkAdmitted(command: string): void {
    if (this.#admitted !== undefined && this.#identity?.redis === this.#admitted) return;
    throw new IndexUnavailable(`redis: ${command}: this server is in no life of the index`);
  }

  #unavailable(command: string, error: Error): IndexUnavailable {
    // A server that does not answer may have been replaced: look for it anew.
    if (error.message === TIMED_OUT) this.#redis.stream.destroy();
    const why = this.connected ? redisFailure(error) : 'there is no connection';
    if (error.message === TIMED_OUT || isRefusal(error)) this.#note(redisFailure(error));
    return new IndexUnavailable(`redis: ${command}: ${why}`, { cause: error });
  }

  /** @throws IndexUnavailable */
  async ping(): Promise<void> {
    try {
      await this.#redis.ping();
    } catch (error) {
      throw this.#unavailable('ping', error as Error);
    }
  }

  /** @throws IndexUnavailable */
  async unlink(keys: readonly string[]): Promise<void> {
    this.#checkAdmitted('unlink');
    try {
      await this.#redis.unlink(...keys);
    } catch (error) {
      throw this.#unavailable('unlink', error as Error);
    }
  }

  close(): void {
    this.#stopWatching();
    this.#redis.disconnect();
  }
}

function isDamage(message: string): boolean {
  return DAMAGE.test(message) && !NOT_SERVING.test(message);
}

/** Leaves the server that is connected, after a moment, and connects to whichever the address leads to then. */
export function tryAnother(redis: Redis, pauseMs = ANOTHER_MS): void {
  const { stream } = redis;
  setTimeout(() => {
    if (redis.stream === stream) stream.destroy();
  }, pauseMs);
}

/** Opens a connection that reconnects for ever, first at once, then four times a second. */
export function connect(url: string, name: string, commandTimeoutMs: number | undefined): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // The driver would not hear that its own subscription failed, and an error that nobody hears ends the
    // process. RedisSignals subscribes anew itself.
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 1000,
    ...(commandTimeoutMs === undefined ? {} : { commandTimeout: commandTimeoutMs }),
    retryStrategy: (times) => Math.min(20 * 2 ** times, RECONNECT_MS),
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  // Losing the connection is an ordinary event here: `close` and `ready` tell of it.
  redis.on('error', () => {});
  return redis;
}
