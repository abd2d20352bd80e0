import { setTimeout as delay } from 'node:timers/promises';
import {
  LEASE_MS,
  LEASE_TIMEOUT_MS,
  type Life,
  type LifeId,
  nextStep,
  type Tenure,
} from '../../domain/index-rules.js';
import type { Log } from '../../domain/log.js';
import { within } from '../../within.js';
import { IndexLease } from './index-lease.js';
import type { IndexTrust } from './index-trust.js';
import {
  type IndexAvailability,
  type IndexConnection,
  type LifeStore,
  StoreSilent,
} from './ports.js';

const RETRY_MS = 250;
/** Before the batches that were missed during a recovery are brought in too. */
const MISSED_MS = 10;
/** For how long after a connection broke reads wait for it to be back before they go elsewhere. */
const BREAK_MS = 500;

/**
 * `lost`: no connection to Redis, or none that serves; `recovering`: it is back, and the gate finds out
 * whether it serves and brings in what it missed.
 */
export type GateState = 'lost' | 'recovering' | 'open';

/**
 * Decides whether the index may be believed: runs the states of a server that index-rules.ts lists.
 *
 * After any failure, and at the start, the index may have missed batches that were committed: it is
 * believed only once all of them have been brought in. Until then submissions are acknowledged without
 * ranks and reads are answered from the store of record.
 */
export class IndexGate implements IndexAvailability {
  readonly #lease: IndexLease;
  readonly #opened: (() => void)[] = [];
  #state: GateState = 'lost';
  /** Whether this server is in a life: then the index may be written to. */
  #joined = false;
  /** Grows with each connection and each life that ends: work of an earlier turn is abandoned. */
  #turn = 0;
  /** The life that was joined last, and its Redis; undefined once it is known to be over. */
  #last: Tenure | undefined;
  #missed = true;
  #openings = 0;
  /** False from a failure until the index answers a ping, so that nobody waits for it meanwhile. */
  #answering = true;
  #recovering = false;
  #lostAtMs = Number.NEGATIVE_INFINITY;
  /** Since when this server has reached only Redis servers whose life is over. */
  #supersededSinceMs: number | undefined;
  /** A life that was found not ready, and when that was. */
  #unready: { readonly life: LifeId; readonly sinceMs: number } | undefined;
  #closed = false;

  /**
   * @param recover brings everything that was committed so far into the index
   * @param onJoined told of the Redis server whose life this server has joined
   */
  constructor(
    private readonly connection: IndexConnection,
    private readonly lives: LifeStore,
    private readonly trust: IndexTrust,
    private readonly recover: () => Promise<void>,
    private readonly log: Log,
    private readonly onJoined: (redis: string) => void = () => {},
  ) {
    this.#lease = new IndexLease(lives, () => {
      this.log.warn({}, 'another index serves by now; reads go to the store of record');
      this.#last = undefined;
      this.#leave();
      this.connection.connectAnew();
    });
  }

  /** Begins to follow the connection. */
  start(): void {
    this.connection.onLost(() => {
      if (this.#joined) this.log.warn({}, 'index lost; reads go to the store of record');
      this.#leave();
    });
    this.connection.onReady(() => {
      if (this.#closed) return;
      this.#turn += 1;
      this.#state = 'recovering';
      void this.#join(this.#turn);
    });
  }

  get state(): GateState {
    return this.#state;
  }

  /** Whether answers may come from the index now. */
  get isOpen(): boolean {
    return this.#state === 'open' && this.#lease.holds;
  }

  /** Numbers the times that it was opened; 0 while it is not open. */
  get opening(): number {
    return this.#state === 'open' ? this.#openings : 0;
  }

  /** Whether it is worth sending commands at all. */
  get isReachable(): boolean {
    return this.#joined && this.#answering;
  }

  /** Resolves when the gate is open. */
  whenOpen(): Promise<void> {
    return this.#state === 'open'
      ? Promise.resolve()
      : new Promise((resolve) => this.#opened.push(resolve));
  }

  /** Whether answers may come from the index. If the lease is being renewed, waits for that. */
  async confirmsOpen(): Promise<boolean> {
    if (this.#state === 'open') await this.#lease.settled();
    return this.isOpen;
  }

  /** As `confirmsOpen`, but first waits a little for a connection that broke a moment ago. */
  async opensSoon(): Promise<boolean> {
    const patienceMs = this.#lostAtMs + BREAK_MS - performance.now();
    if (this.#state !== 'open' && patienceMs > 0) {
      await within(patienceMs, this.whenOpen(), undefined);
    }
    return this.confirmsOpen();
  }

  /** Notes that the index may have missed a batch: it failed with `error`, or was away. */
  noteMissed(error?: unknown): void {
    this.#missed = true;
    if (error === undefined) return;
    this.#answering = false;
    if (this.#state === 'open') {
      this.log.warn({ err: error }, 'index failed; reads go to the store of record');
      this.#lostAtMs = performance.now();
      this.#state = 'recovering';
      void this.#recoverUntilOpen();
    }
  }

  close(): void {
    this.#leave();
    this.#closed = true;
  }

  #leave(): void {
    if (this.#closed) return;
    if (this.#state === 'open') this.#lostAtMs = performance.now();
    this.#turn += 1;
    this.#state = 'lost';
    this.#joined = false;
    this.connection.admit(undefined);
    this.#lease.end();
  }

  /** Finds out whether the connected Redis serves, or should serve from now on. */
  async #join(turn: number): Promise<void> {
    const { redis } = this.connection;
    while (this.#turn === turn) {
      try {
        if (await this.#tryJoin(turn, redis)) return;
      } catch (error) {
        if (this.#turn !== turn) return;
        this.log.warn({ err: error }, 'the index cannot be brought up to date yet');
        await delay(RETRY_MS);
      }
    }
  }

  /** One step. True when there is nothing more to do. */
  async #tryJoin(turn: number, redis: string): Promise<boolean> {
    const askedAtMs = performance.now();
    const known = this.#last;
    const present = await this.#presentLife().catch((error: unknown): 'silent' => {
      // While PostgreSQL is away nobody can begin another life, so the Redis joined last still serves.
      if (error instanceof StoreSilent && known?.redis === redis) return 'silent';
      throw error;
    });
    const life: Life | undefined =
      present === 'silent' ? { id: (known as Tenure).life, redis, ready: true } : present;
    if (life?.id !== known?.life) this.#last = undefined;
    const isOurs = life?.redis === redis;
    const wentBack = isOurs && (await this.connection.hasGoneBack(life.id));
    const wasSuperseded = !isOurs && (await this.lives.wasSuperseded(redis));
    if (this.#turn !== turn) return true;
    const supersededForMs = performance.now() - (this.#supersededSinceMs ?? performance.now());
    const step = nextStep(redis, life, wasSuperseded, supersededForMs, wentBack);
    switch (step) {
      case 'connect anew':
        if (this.#supersededSinceMs === undefined) {
          this.#supersededSinceMs = performance.now();
          this.log.warn({}, 'this redis was given up for another one; looking for that one');
        }
        this.connection.connectAnew();
        return true;
      case 'declare': {
        if (wentBack) this.log.warn({}, 'redis went back in time; its index is built anew');
        const declared = await this.lives.declare(life?.id, redis, wentBack);
        if (declared.redis === redis)
          this.log.info({ life: declared.id }, 'the index has a new life');
        return false;
      }
      case 'wait':
        await this.#awaitReady(turn, life as Life);
        return false;
      case 'recover':
        this.#enter(life as Life, askedAtMs, present === 'silent');
        return true;
    }
  }

  /** @throws StoreSilent when there is no answer in time, STORE_UNAVAILABLE */
  async #presentLife(): Promise<Life | undefined> {
    const present = await within(LEASE_TIMEOUT_MS, this.lives.present(), 'silent');
    if (present === 'silent') throw new StoreSilent('the store of record does not answer');
    return present;
  }

  async #awaitReady(turn: number, { id }: Life): Promise<void> {
    if (this.#unready?.life !== id) this.#unready = { life: id, sinceMs: performance.now() };
    const waitMs = this.#unready.sinceMs + LEASE_MS - performance.now();
    if (waitMs > 0) await delay(waitMs);
    if (this.#turn === turn) await this.lives.markReady(id);
  }

  /** @param isSilent whether PostgreSQL did not answer the question that was asked at `askedAtMs` */
  #enter({ id: life, redis }: Life, askedAtMs: number, isSilent: boolean): void {
    if (this.#last?.life !== life) this.#missed = true;
    this.#last = { life, redis };
    this.#supersededSinceMs = undefined;
    // No mark can be asked for while PostgreSQL is silent, and nothing is confirmed meanwhile.
    if (!isSilent) this.trust.enter(this.#last);
    this.connection.admit(redis);
    this.#lease.begin(life, isSilent ? undefined : askedAtMs, isSilent ? askedAtMs : undefined);
    this.#joined = true;
    this.#answering = true;
    this.onJoined(redis);
    if (this.#missed) {
      void this.#recoverUntilOpen();
    } else {
      this.log.info({}, 'index connected again');
      this.#open();
    }
  }

  #open(): void {
    this.#state = 'open';
    this.#openings += 1;
    for (const resolve of this.#opened.splice(0)) resolve();
  }

  async #recoverUntilOpen(): Promise<void> {
    if (this.#recovering) return;
    this.#recovering = true;
    while (this.#joined && this.#state === 'recovering') {
      const start = performance.now();
      const turn = this.#turn;
      try {
        await this.connection.ping();
        this.#answering = true;
        this.#missed = false;
        await this.recover();
      } catch (error) {
        this.#missed = true;
        this.log.warn({ err: error }, 'the index cannot be brought up to date yet');
        await delay(RETRY_MS);
        continue;
      }
      // What began in another turn was not brought into this index.
      if (this.#turn !== turn) this.#missed = true;
      // No await from here to the opening: a batch is either in the index by now, or its submitter
      // sees the open gate.
      if (this.#missed || !this.#answering || !this.connection.connected) {
        await delay(MISSED_MS);
        continue;
      }
      if (this.#joined && this.#state === 'recovering') {
        this.log.info({ ms: Math.round(performance.now() - start) }, 'index up to date');
        this.#open();
      }
    }
    this.#recovering = false;
  }
}
