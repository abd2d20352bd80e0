import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../domain/log.js';
import type { IndexConnection } from './ports.js';

const RETRY_MS = 250;
const MISSED_MS = 10;
/**
 * After a reconnection, how long to wait before bringing in what was missed. All servers lose an
 * index that restarts, and do not find it again in the same instant: what one acknowledges without
 * ranks meanwhile must be in the index before another believes it. More than the longest pause
 * between two attempts to connect, and than the second after which a Redis that was loading its data
 * is asked again.
 */
const OTHERS_RECONNECT_MS = 1500;

/** `lost`: no connection; `recovering`: it is back and what it missed is being brought in. */
export type GateState = 'lost' | 'recovering' | 'open';

/** The connection; `ping` fails while the index does not answer. */
type AnsweringConnection = IndexConnection & {
  readonly connected: boolean;
  ping(): Promise<void>;
};

/**
 * Decides whether the index may be believed.
 *
 * After any failure, and at the start, it may have missed batches that were committed: it is
 * believed only once all of them have been brought in. Until then submissions are acknowledged
 * without ranks and reads are answered from the store of record.
 */
export class IndexGate {
  readonly #connection: AnsweringConnection;
  readonly #distrust: () => void;
  readonly #recover: () => Promise<void>;
  readonly #log: Log;
  readonly #opened: (() => void)[] = [];
  #state: GateState = 'lost';
  #missed = false;
  /** False from a failure until the index answers a ping: nobody else has to wait for it. */
  #answering = true;
  #recovering = false;
  #wasConnected = false;
  #reconnectedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  /**
   * @param distrust forgets what was found out about the index; it may have lost data
   * @param recover brings everything that was committed so far into the index
   */
  constructor(
    connection: AnsweringConnection,
    distrust: () => void,
    recover: () => Promise<void>,
    log: Log,
  ) {
    this.#connection = connection;
    this.#distrust = distrust;
    this.#recover = recover;
    this.#log = log;
  }

  /** Begins to follow the connection. */
  start(): void {
    this.#connection.onLost(() => {
      if (this.#closed) return;
      if (this.#state !== 'lost') this.#log.warn({}, 'index lost; reads go to the store of record');
      this.#state = 'lost';
      this.#missed = true;
      this.#distrust();
    });
    this.#connection.onReady(() => {
      // At once: nothing may be written to the index before it was looked at anew.
      this.#distrust();
      if (this.#wasConnected) this.#reconnectedAt = performance.now();
      this.#wasConnected = true;
      // A recovery that is under way began in the life before.
      this.#missed = true;
      this.#beginRecovery();
    });
  }

  get state(): GateState {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether it is worth sending commands at all. */
  get isReachable(): boolean {
    return this.#state !== 'lost' && this.#answering;
  }

  /** Resolves when the gate is open. */
  whenOpen(): Promise<void> {
    return this.isOpen ? Promise.resolve() : new Promise((resolve) => this.#opened.push(resolve));
  }

  /** Takes note that the index may have missed a batch: because of `error`, or being away. */
  missed(error?: unknown): void {
    this.#missed = true;
    if (error === undefined) return;
    this.#answering = false;
    if (this.#state === 'open') {
      this.#log.warn({ reason: reasonOf(error) }, 'index failed; reads go to the store of record');
      this.#beginRecovery();
    }
  }

  close(): void {
    this.#closed = true;
    this.#state = 'lost';
  }

  #beginRecovery(): void {
    if (this.#closed) return;
    this.#state = 'recovering';
    if (!this.#recovering) void this.#recoverUntilOpen();
  }

  async #recoverUntilOpen(): Promise<void> {
    this.#recovering = true;
    while (this.#state === 'recovering') {
      const start = performance.now();
      try {
        await this.#connection.ping();
        this.#answering = true;
        await this.#othersReconnected();
        // What failed since the ping needs another one: it opens only with an index that answers.
        this.#missed = !this.#answering;
        await this.#recover();
      } catch (error) {
        this.#log.warn({ reason: reasonOf(error) }, 'the index cannot be brought up to date yet');
        await delay(RETRY_MS);
        continue;
      }
      // No await from here to the opening: a batch is either in the index by now, or its submitter
      // will see the open gate.
      if (this.#missed || !this.#connection.connected) {
        await delay(MISSED_MS);
        continue;
      }
      if (this.#state !== 'recovering') break;
      this.#state = 'open';
      this.#log.info({ ms: Math.round(performance.now() - start) }, 'index up to date');
    }
    this.#recovering = false;
    if (this.isOpen) for (const resolve of this.#opened.splice(0)) resolve();
  }

  async #othersReconnected(): Promise<void> {
    for (;;) {
      const wait = this.#reconnectedAt + OTHERS_RECONNECT_MS - performance.now();
      if (wait <= 0) return;
      await delay(wait);
    }
  }
}

/** In one line: that a store is away is an ordinary event, and where it was noticed tells nothing. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
