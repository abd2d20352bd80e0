import {
  enoughSilenceMs,
  LEASE_POLL_MS,
  LEASE_TIMEOUT_MS,
  type Lease,
  type Life,
  type LifeId,
  leaseHolds,
} from '../../domain/index-rules.js';
import { type LifeStore, StoreSilent } from './ports.js';

/** A tick that is this late, in milliseconds, means that this process stood still. */
const STANDSTILL_MS = 300;
/** An answer serves whoever needs one if its question is at most this old, in milliseconds. */
const RECENT_MS = 50;
/** Questions that may wait for an answer, each on its own connection: one of these may be dead. */
export const MAX_LEASE_QUESTIONS = 4;

/** Keeps asking the store of record whether a life of the index is still the present one: see index-rules.ts. */
export class IndexLease {
  #life: LifeId | undefined;
  #lease: Lease | undefined;
  #timer: NodeJS.Timeout | undefined;
  #tickedAtMs = 0;
  /** When the questions were asked that wait for an answer. */
  readonly #questions: number[] = [];
  /** Since when the store has said nothing, as far as this process was awake to hear it. */
  #silentSinceMs: number | undefined;
  /** How long its answers took lately. */
  #slownessMs = 0;
  /** Resolves when the store answers, or has been silent for long enough. */
  #news = Promise.withResolvers<void>();

  /** @param onOver called when another life is the present one; the lease is over by then */
  constructor(
    private readonly lives: LifeStore,
    private readonly onOver: () => void,
  ) {}

  /**
   * @param askedAtMs when the question was asked whose answer said that this life is the present one;
   * undefined if there was no answer
   * @param silentSinceMs since when the store has been silent, if it is
   */
  begin(life: LifeId, askedAtMs: number | undefined, silentSinceMs?: number): void {
    this.#life = life;
    this.#lease = { askedAtMs, silentAtMs: undefined };
    this.#silentSinceMs = silentSinceMs;
    if (this.#timer !== undefined) return;
    this.#tickedAtMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), LEASE_POLL_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#life = undefined;
    this.#lease = undefined;
    this.#silentSinceMs = undefined;
    this.#tell();
  }

  get holds(): boolean {
    return this.#lease !== undefined && leaseHolds(this.#lease, performance.now());
  }

  /** Resolves when it is known whether the lease goes on; at once if it holds. */
  async settled(): Promise<void> {
    if (this.holds || this.#lease === undefined) return;
    const lastAt = this.#questions.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (performance.now() - lastAt >= RECENT_MS) void this.#ask();
    await this.#news.promise;
  }

  #tick(): void {
    const now = performance.now();
    const before = this.#tickedAtMs;
    this.#tickedAtMs = now;
    // What came while this process stood still has not been read yet: the store was not silent.
    if (now - before > LEASE_POLL_MS + STANDSTILL_MS) this.#silentSinceMs = now;
    const lastAt = this.#questions.at(-1);
    if (lastAt === undefined || now - lastAt >= LEASE_TIMEOUT_MS) void this.#ask();
    // All that had come by the tick before has been read by now.
    const silentForMs = before - (this.#silentSinceMs ?? before);
    if (silentForMs < enoughSilenceMs(this.#slownessMs) || this.#lease === undefined) return;
    this.#lease = { ...this.#lease, silentAtMs: before };
    this.#tell();
  }

  async #ask(): Promise<void> {
    if (this.#questions.length >= MAX_LEASE_QUESTIONS) return;
    const life = this.#life;
    const askedAtMs = performance.now();
    this.#silentSinceMs ??= askedAtMs;
    this.#questions.push(askedAtMs);
    let present: Life | undefined;
    try {
      present = await this.lives.present();
    } catch (error) {
      if (!(error instanceof StoreSilent)) this.#hear(askedAtMs);
      return;
    } finally {
      this.#questions.splice(this.#questions.indexOf(askedAtMs), 1);
    }
    this.#hear(askedAtMs);
    if (life === undefined || this.#life !== life || this.#lease === undefined) return;
    if (present?.id === life) {
      const latest = Math.max(askedAtMs, this.#lease.askedAtMs ?? askedAtMs);
      this.#lease = { askedAtMs: latest, silentAtMs: undefined };
    } else {
      this.end();
      this.onOver();
    }
  }

  /** The store has answered, whatever it said. */
  #hear(askedAtMs: number): void {
    this.#silentSinceMs = undefined;
    // After a slow answer, silence must last longer, until answers are fast again.
    this.#slownessMs = Math.max(performance.now() - askedAtMs, this.#slownessMs / 2);
    if (this.#lease !== undefined) this.#lease = { ...this.#lease, silentAtMs: undefined };
    this.#tell();
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
