import type { LeaderboardId } from '../../domain/ids.js';
import { hasGoneBack, type LifeId } from '../../domain/index-rules.js';
import { type IndexConnection, IndexUnavailable } from '../../features/index/ports.js';
import { isRefusal, redisFailure, TIMED_OUT } from './failure.js';
import { isStill } from './identity.js';
import { BOARD_CHANNEL, beatKey } from './keys.js';
import { RedisLink } from './redis-link.js';
import { readScript, SCRIPT_NAMES, type ScriptName } from './script-file.js';

/** What Redis answers if something lies under a ranking's keys that the scripts did not put there. */
const DAMAGE = /^(WRONGTYPE|ERR .*(script|XADD|not an integer|not a valid float))/;
/** What it answers if it cannot serve at all; older versions wrap it in an error of the script. */
const NOT_SERVING = /OOM|READONLY|LOADING|MISCONF|MASTERDOWN|NOREPLICAS|BUSY|CLUSTERDOWN/;
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

/** The connection to Redis. What became of commands that a lost connection fails is for the caller to find out. */
export class RedisConnection implements IndexConnection {
  readonly #link: RedisLink;
  readonly #scripts: Record<ScriptName, ScriptCall>;
  readonly #readyListeners: (() => void)[] = [];
  readonly #lostListeners: (() => void)[] = [];
  #admitted: string | undefined;
  /** The life that is looked at, and the count that was seen last in it. */
  #beat: { readonly life: LifeId; seen: number } | undefined;
  #trouble = '';

  constructor(private readonly options: RedisOptions) {
    this.#link = new RedisLink({
      url: options.url,
      name: 'rostrum',
      commandTimeoutMs: options.commandTimeoutMs,
      ask: () => this.#checkIdentity(),
      onIdentified: () => {
        for (const listener of this.#readyListeners) listener();
      },
      onLost: () => {
        for (const listener of this.#lostListeners) listener();
      },
      onTrouble: (reason) => this.#note(reason),
    });
    const { redis } = this.#link;
    const scripts: Partial<Record<ScriptName, ScriptCall>> = {};
    for (const name of SCRIPT_NAMES) {
      redis.defineCommand(name, { lua: readScript(name) });
      const commands = redis as unknown as Record<string, ScriptCall>;
      scripts[name] = (commands[`${name}Buffer`] as ScriptCall).bind(redis);
    }
    this.#scripts = scripts as Record<ScriptName, ScriptCall>;
  }

  /** Whether commands can be sent, and it is known to which server. */
  get connected(): boolean {
    return this.#link.identity !== undefined;
  }

  /** Names the Redis server that is connected (see `RedisIdentity`); empty while there is none. */
  get redis(): string {
    return this.#link.identity?.redis ?? '';
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
    this.#link.connectAnew();
  }

  #note(reason: string): void {
    this.#trouble = reason;
    this.options.onTrouble?.(reason);
  }

  /**
   * Leaves a server that is no primary any more, was promoted anew, or has gone back: it is not the one that
   * it was.
   */
  async #checkIdentity(): Promise<void> {
    const { identity, redis } = this.#link;
    if (identity === undefined) return;
    const life = this.#admitted === undefined ? undefined : this.#beat?.life;
    const wentBack = life !== undefined && this.hasGoneBack(life);
    const [same, isBack] = await Promise.all([isStill(identity, redis), wentBack]);
    if ((!same || isBack) && this.#link.identity === identity) this.#link.breakOff();
  }

  async hasGoneBack(life: LifeId): Promise<boolean> {
    if (this.#beat?.life !== life) this.#beat = { life, seen: 0 };
    const beat = this.#beat;
    const { seen } = beat;
    const reply = await this.run('beat', [beatKey(life)], [seen], null);
    const found = reply === null ? undefined : Number(reply);
    if (hasGoneBack(seen, found)) return true;
    beat.seen = Math.max(beat.seen, found ?? 0);
    return false;
  }

  /**
   * Runs a script: one on a ranking only while this server is in a life of the index.
   *
   * @param ifDamaged the reply if something lies under the keys that the scripts did not put there
   * @throws IndexUnavailable
   */
  async run(
    name: ScriptName,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
    ifDamaged?: ScriptReply,
  ): Promise<ScriptReply> {
    if (name !== 'beat') this.#checkAdmitted(name);
    const start = performance.now();
    try {
      const reply = await this.#scripts[name](keys.length, ...keys, ...args);
      this.options.onRoundTrip?.(performance.now() - start);
      return reply;
    } catch (thrown) {
      const error = thrown as Error;
      const isDamage = DAMAGE.test(error.message) && !NOT_SERVING.test(error.message);
      if (ifDamaged !== undefined && isDamage) return ifDamaged;
      throw this.#unavailable(name, error);
    }
  }

  /** Commands are sent on the connection that this checks, or fail: none is queued. */
  #checkAdmitted(command: string): void {
    if (this.#admitted !== undefined && this.redis === this.#admitted) return;
    throw new IndexUnavailable(`redis: ${command}: this server is in no life of the index`);
  }

  #unavailable(command: string, error: Error): IndexUnavailable {
    const why = this.connected ? redisFailure(error) : 'there is no connection';
    if (error.message === TIMED_OUT || isRefusal(error)) this.#note(redisFailure(error));
    // A server that does not answer may have been replaced: look for it anew.
    if (error.message === TIMED_OUT) this.#link.breakOff();
    return new IndexUnavailable(`redis: ${command}: ${why}`, { cause: error });
  }

  /** @throws IndexUnavailable */
  async ping(): Promise<void> {
    try {
      await this.#link.redis.ping();
    } catch (error) {
      throw this.#unavailable('ping', error as Error);
    }
  }

  /** @throws IndexUnavailable */
  async unlink(keys: readonly string[]): Promise<void> {
    this.#checkAdmitted('unlink');
    try {
      await this.#link.redis.unlink(...keys);
    } catch (error) {
      throw this.#unavailable('unlink', error as Error);
    }
  }

  /** Tells all servers of a leaderboard that was changed or deleted. Who does not hear of it looks soon anyway. */
  tellBoardChanged(leaderboardId: LeaderboardId): void {
    this.#link.redis.publish(BOARD_CHANNEL, leaderboardId).catch(() => {});
  }

  close(): void {
    this.#link.close();
  }
}
