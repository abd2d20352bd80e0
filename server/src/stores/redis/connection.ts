import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { type IndexConnection, IndexUnavailable } from '../../features/rankings/ports.js';
import { KEYS_PER_RANKING } from './keys.js';

const SCRIPTS = new URL('../../../src/stores/redis/scripts/', import.meta.url);

const SCRIPT_NAMES = [
  'apply',
  'read',
  'changes',
  'state',
  'adopt',
  'begin_build',
  'build',
  'swap',
  'inspect',
  'scan',
  'strays',
] as const;
export type ScriptName = (typeof SCRIPT_NAMES)[number];

/** What Redis answers when something else lies under a ranking's keys than the scripts put there. */
const DAMAGE = /^(WRONGTYPE|ERR .*(script|XADD|not an integer|not a valid float))/;
/** What it answers when it cannot serve at all; older versions wrap it in an error of the script. */
const NOT_SERVING = /OOM|READONLY|LOADING|MISCONF|MASTERDOWN|NOREPLICAS|BUSY|CLUSTERDOWN/;
/** The driver's words for an answer that did not come in time. */
const TIMED_OUT = 'Command timed out';

/** A reply in the types that the scripts return; bulk strings come as buffers. */
export type ScriptReply = number | Buffer | null | ScriptReply[];
type ScriptCall = (...args: (string | number | Buffer)[]) => Promise<ScriptReply>;

export interface RedisOptions {
  readonly url: string;
  /** How long a command may take, in milliseconds. */
  readonly commandTimeoutMs: number;
  /** Called with the duration in milliseconds of each script that was answered. */
  readonly onRoundTrip?: (durationMs: number) => void;
}

/**
 * The connection to Redis. It reconnects by itself; commands are never queued while it is away nor
 * sent again after it: what became of them is for the caller to find out.
 */
export class RedisConnection implements IndexConnection {
  readonly #redis: Redis;
  readonly #scripts: Record<ScriptName, ScriptCall>;
  readonly #onRoundTrip: ((durationMs: number) => void) | undefined;
  readonly #readyListeners: (() => void)[] = [];
  #runId = '';

  constructor(options: RedisOptions) {
    this.#onRoundTrip = options.onRoundTrip;
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
      this.#runId = '';
    });
    this.#redis.on('ready', () => void this.#identify());
  }

  /** Whether commands can be sent, and it is known to which server. */
  get connected(): boolean {
    return this.#runId !== '' && this.#redis.status === 'ready';
  }

  /** The id that the Redis server took at its start; empty while there is no connection. */
  get runId(): string {
    return this.connected ? this.#runId : '';
  }

  onReady(listener: () => void): void {
    this.#readyListeners.push(listener);
    if (this.connected) listener();
  }

  onLost(listener: () => void): void {
    this.#redis.on('close', listener);
  }

  /** Finds out which life of which server this connection has reached. */
  async #identify(): Promise<void> {
    const info = await this.#redis.info('server').catch(() => '');
    const runId = /^run_id:(\S+)/m.exec(info)?.[1];
    // Without an answer the connection is broken or useless: try another.
    if (runId === undefined) {
      this.#redis.disconnect(true);
      return;
    }
    this.#runId = runId;
    for (const listener of this.#readyListeners) listener();
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

  #unavailable(command: string, error: Error): IndexUnavailable {
    // A server that does not answer may have been replaced: look for it anew.
    if (error.message === TIMED_OUT) this.#redis.stream.destroy();
    const why = this.connected ? error.message : 'there is no connection';
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
    try {
      await this.#redis.unlink(...keys);
    } catch (error) {
      throw this.#unavailable('unlink', error as Error);
    }
  }

  close(): void {
    this.#redis.disconnect();
  }
}

function readScript(name: string): string {
  const text = readFileSync(new URL(`${name}.lua`, SCRIPTS), 'utf8');
  return text.replace(/^-- include (\w+)\.lua$/gm, (_, included: string) => readScript(included));
}

function isDamage(message: string): boolean {
  return DAMAGE.test(message) && !NOT_SERVING.test(message);
}

/** Opens a connection that reconnects for ever, first at once, then about every half second. */
export function connect(url: string, name: string, commandTimeoutMs: number | undefined): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
    ...(commandTimeoutMs === undefined ? {} : { commandTimeout: commandTimeoutMs }),
    retryStrategy: (times) => Math.min(20 * 2 ** times, 500),
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  // Losing the connection is an ordinary event here: `close` and `ready` tell of it.
  redis.on('error', () => {});
  return redis;
}
