import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { Log } from '../../domain/log.js';
import type { Ranking } from '../../domain/ranking.js';
import type { IndexWriter, Written } from './index-writer.js';
import {
  type Confirmation,
  type EncodedEntry,
  type EntryStore,
  IndexUnavailable,
  type Outbox,
  type OutboxBatch,
  type RankingStore,
} from './ports.js';

const SWEEP_MS = 1000;
/** Younger batches are most likely being applied by the server that committed them. */
const MIN_AGE_MS = 2000;
const BATCHES_AT_A_TIME = 100;
const WRITE_SIZE = 250;

/** Brings what stays behind in the outbox into the index. */
export class Sweeper {
  readonly #outbox: Outbox;
  readonly #entries: EntryStore;
  readonly #rankings: RankingStore;
  readonly #writer: IndexWriter;
  readonly #encode: (entry: EncodedEntry['entry']) => Uint8Array;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(parts: {
    outbox: Outbox;
    entries: EntryStore;
    rankings: RankingStore;
    writer: IndexWriter;
    encodePayload: (entry: EncodedEntry['entry']) => Uint8Array;
    log: Log;
  }) {
    this.#outbox = parts.outbox;
    this.#entries = parts.entries;
    this.#rankings = parts.rankings;
    this.#writer = parts.writer;
    this.#encode = parts.encodePayload;
    this.#log = parts.log;
  }

  /** Sweeps every second while `mayRun` says so. */
  start(mayRun: () => boolean): void {
    let running = false;
    this.#timer = setInterval(() => {
      if (running || !mayRun()) return;
      running = true;
      this.#sweeping = this.#sweep()
        .catch((error) => {
          this.#log.warn({ err: error }, 'the outbox cannot be swept now');
        })
        .finally(() => {
          running = false;
        });
    }, SWEEP_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  /**
   * Brings everything that is in the outbox now into the index.
   *
   * @throws STORE_UNAVAILABLE; IndexUnavailable, also when an index serves that could not be given
   * all of it
   */
  async drain(minAgeMs = 0): Promise<void> {
    let after = 0;
    let missed = 0;
    for (;;) {
      const batches = await this.#outbox.pending(after, BATCHES_AT_A_TIME, minAgeMs);
      if (batches.length > 0) missed += await this.#apply(batches);
      if (batches.length < BATCHES_AT_A_TIME) break;
      after = (batches.at(-1) as OutboxBatch).outboxId;
    }
    if (missed > 0) {
      throw new IndexUnavailable(`another index serves that lacks ${missed} batches`);
    }
  }

  async #sweep(): Promise<void> {
    await this.drain(MIN_AGE_MS);
    while (await this.#outbox.applyRename()) await this.drain();
  }

  /** Returns how many batches did not reach the index. */
  async #apply(batches: readonly OutboxBatch[]): Promise<number> {
    const keys = distinctKeys(batches);
    const entries = await this.#entries.find(keys);
    const rankings = await this.#rankings.findByNumbers([
      ...new Set(keys.map((key) => key.rankingNo)),
    ]);
    const confirmations = new Map<RankingNo, Confirmation>();
    const missed = new Set<RankingNo>();
    for (const ranking of rankings) {
      const mine = entries
        .filter((entry) => entry.rankingNo === ranking.rankingNo)
        .sort((a, b) => a.version - b.version)
        .map((entry) => ({ entry, payload: this.#encode(entry) }));
      const written = await this.#write(ranking, mine);
      if (written.kind === 'missed') missed.add(ranking.rankingNo);
      else if (written.kind === 'written') {
        confirmations.set(ranking.rankingNo, written.confirmation);
      }
    }
    const settlements = batches
      .filter((batch) => !batch.keys.some((key) => missed.has(key.rankingNo)))
      .map(({ outboxId, keys }) => ({
        outboxId,
        confirmations: [...new Set(keys.map((key) => key.rankingNo))].flatMap(
          (rankingNo) => confirmations.get(rankingNo) ?? [],
        ),
      }));
    await this.#outbox.settle(settlements);
    return batches.length - settlements.length;
  }

  async #write(ranking: Ranking, entries: readonly EncodedEntry[]): Promise<Written> {
    let written: Written = { kind: 'unneeded' };
    for (let at = 0; at < entries.length && written.kind !== 'missed'; at += WRITE_SIZE) {
      written = await this.#writer.write(ranking, entries.slice(at, at + WRITE_SIZE), 0);
    }
    return written;
  }
}

function distinctKeys(
  batches: readonly OutboxBatch[],
): { rankingNo: RankingNo; playerId: PlayerId }[] {
  const keys = new Map<string, { rankingNo: RankingNo; playerId: PlayerId }>();
  for (const batch of batches) {
    for (const key of batch.keys) keys.set(`${key.rankingNo} ${key.playerId}`, key);
  }
  return [...keys.values()];
}
