import { setTimeout as delay } from 'node:timers/promises';
import type { BoardNo } from '../../domain/ids.js';
import type { Log } from '../../domain/log.js';
import type { Purge, PurgeIndex, PurgeStore } from './ports.js';

export interface PurgerOptions {
  /** How often to look for purges, in milliseconds. */
  readonly periodMs: number;
  /** How long this process waits after it first saw a purge, in milliseconds. */
  readonly minAgeMs: number;
}

/**
 * By that age every server has noticed that the leaderboard is gone (it looks again after at most 10 s),
 * so no read shows a ranking that is half purged. And every batch of submissions that still found the
 * leaderboard has ended (a statement may take 6 s), so none adds to what was purged.
 */
const DEFAULT_PURGER_OPTIONS: PurgerOptions = { periodMs: 5_000, minAgeMs: 30_000 };

const PURGES_AT_A_TIME = 100;
/** Purges whose age is tracked; the rest follow when these are done. */
const MAX_SEEN = 10_000;
const ENTRIES_AT_A_TIME = 1_000;
/** In each partition: 8 MiB. */
const BLOCKS_AT_A_TIME = 1_000;
/** A pause after each step, because other work comes first. */
const REST_MS = 5;

/**
 * Removes what deleted leaderboards left behind, in the background and in small steps. It can be
 * interrupted anywhere and starts over.
 */
export class Purger {
  readonly #stop = new AbortController();
  /** When this process first saw each purge. The database's clock may jump and make a young purge old. */
  #seen = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(
    private readonly store: PurgeStore,
    private readonly index: PurgeIndex,
    private readonly log: Log,
    private readonly options: PurgerOptions = DEFAULT_PURGER_OPTIONS,
  ) {}

  /** Purges from time to time while `mayRun` allows it. */
  start(mayRun: () => boolean): void {
    this.#timer = setInterval(() => {
      if (!mayRun()) return;
      this.#running ??= this.run()
        .catch((error) => this.log.warn({ err: error }, 'deleted leaderboards stay for now'))
        .finally(() => {
          this.#running = undefined;
        });
    }, this.options.periodMs);
  }

  /** Stops after the current step. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#running;
  }

  /**
   * Purges what is old enough, unless another process is doing so.
   * @throws STORE_UNAVAILABLE, IndexUnavailable
   */
  async run(): Promise<void> {
    if ((await this.#pending()).length === 0) return;
    await this.store.exclusively(async () => {
      while (!this.#stop.signal.aborted) {
        const purges = await this.#pending();
        if (purges.length === 0 || !(await this.#purge(purges))) return;
      }
    });
  }

  async #pending(): Promise<Purge[]> {
    const now = performance.now();
    const waiting = await this.store.waiting(MAX_SEEN);
    this.#seen = new Map(waiting.map((purgeNo) => [purgeNo, this.#seen.get(purgeNo) ?? now]));
    const old = waiting.filter(
      (purgeNo) => (this.#seen.get(purgeNo) ?? now) <= now - this.options.minAgeMs,
    );
    if (old.length === 0) return [];
    return await this.store.pending(old.slice(0, PURGES_AT_A_TIME));
  }

  /** False if something must be tried again later. */
  async #purge(purges: readonly Purge[]): Promise<boolean> {
    const start = performance.now();
    // The index first: if it cannot be reached, nothing else is tried.
    const ready: Purge[] = [];
    for (const purge of purges) if (await this.#removeFromIndex(purge)) ready.push(purge);
    for (const { rankingNos } of ready) {
      for (const rankingNo of rankingNos) await this.#removeEntries(rankingNo);
    }
    const boardNos = ready.flatMap(({ boardNo }) => boardNo ?? []);
    if (boardNos.length > 0) await this.#removeSubmissions(boardNos);
    if (this.#stop.signal.aborted || ready.length === 0) return false;
    await this.store.finish(ready.map(({ purgeNo }) => purgeNo));
    const ms = Math.round(performance.now() - start);
    this.log.info({ purges: ready.length, ms }, 'deleted leaderboards purged');
    return ready.length === purges.length;
  }

  async #removeEntries(rankingNo: Purge['rankingNos'][number]): Promise<void> {
    let after: string | undefined = '';
    while (after !== undefined && !this.#stop.signal.aborted) {
      after = await this.store.removeEntries(rankingNo, after, ENTRIES_AT_A_TIME);
      await delay(REST_MS);
    }
  }

  async #removeSubmissions(boardNos: readonly BoardNo[]): Promise<void> {
    // What is added meanwhile belongs to other leaderboards.
    const blocks = await this.store.submissionBlocks();
    for (let first = 0; first < blocks; first += BLOCKS_AT_A_TIME) {
      if (this.#stop.signal.aborted) return;
      await this.store.removeSubmissions(boardNos, first, BLOCKS_AT_A_TIME);
      await delay(REST_MS);
    }
  }

  async #removeFromIndex({ rankingNos }: Purge): Promise<boolean> {
    for (const rankingNo of rankingNos) {
      if (this.#stop.signal.aborted || !(await this.index.remove(rankingNo))) return false;
    }
    return true;
  }
}
