import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { Log } from '../../domain/log.js';
import type { Ranking } from '../../domain/ranking.js';
import type { IndexTrust } from './index-trust.js';
import type { IndexWriter, Written } from './index-writer.js';
import type {
  Confirmation,
  EncodedEntry,
  EntryStore,
  Outbox,
  OutboxBatch,
  RankingStore,
} from './ports.js';

const TICK_MS = 100;
const TICKS_PER_SWEEP = 3;
const RENAMES_AT_A_TIME = 100;
/** Younger batches are most likely being applied by the server that committed them. */
const MIN_AGE_MS = 500;
const BATCHES_AT_A_TIME = 100;
const WRITE_SIZE = 250;

/** Brings what stays behind in the outbox into the index. */
export class Sweeper {
  readonly #outbox: Outbox;
  readonly #entries: EntryStore;
  readonly #rankings: RankingStore;
  readonly #writer: IndexWriter;
  readonly #trust: IndexTrust;
  readonly #encode: (entry: EncodedEntry['entry']) => Uint8Array;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(parts: {
    outbox: Outbox;
    entries: EntryStore;
    rankings: RankingStore;
    writer: IndexWriter;
    trust: IndexTrust;
    encodePayload: (entry: EncodedEntry['entry']) => Uint8Array;
    log: Log;
  }) {
    this.#outbox = parts.outbox;
    this.#entries = parts.entries;
    this.#rankings = parts.rankings;
    this.#writer = parts.writer;
    this.#trust = parts.trust;
    this.#encode = parts.encodePayload;
    this.#log = parts.log;
  }

  /** Sweeps about three times a second, and at once what is owed to an index, while `mayRun` says so. */
  start(mayRun: () => boolean): void {
    let running = false;
    let ticks = 0;
    this.#timer = setInterval(() => {
      ticks += 1;
      const isDue = ticks % TICKS_PER_SWEEP === 0;
      if (running || !(isDue || this.#trust.owesAny) || !mayRun()) return;
      running = true;
      this.#sweeping = (isDue ? this.#sweep() : this.drain())
        .catch((error) => {
          this.#log.warn({ err: error }, 'the outbox cannot be swept now');
        })
        .finally(() => {
          running = false;
        });
    }, TICK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  /**
   * Brings everything that is in the outbox now into the index. Rankings whose index cannot be given
   * all of it are noted as owed; they do not hold up the others.
   *
   * @throws STORE_UNAVAILABLE, IndexUnavailable
   */
  async drain(): Promise<void> {
    const { moment } = this.#trust;
    const missed = await this.#apply(0);
    this.#trust.paid(moment, missed);
    for (const rankingNo of missed) this.#trust.owe(rankingNo);
  }

  async #sweep(): Promise<void> {
    await this.#apply(MIN_AGE_MS);
    let renamed = 0;
    while (renamed < RENAMES_AT_A_TIME && (await this.#outbox.applyRename())) renamed += 1;
    if (renamed > 0) await this.drain();
  }

  /** Applies the batches of at least this age. Returns the rankings that lack some of them. */
  async #apply(minAgeMs: number): Promise<Set<RankingNo>> {
    const missed = new Set<RankingNo>();
    let after = 0;
    for (;;) {
      const batches = await this.#outbox.pending(after, BATCHES_AT_A_TIME, minAgeMs);
      if (batches.length > 0) await this.#applyBatches(batches, missed);
      if (batches.length < BATCHES_AT_A_TIME) return missed;
      after = (batches.at(-1) as OutboxBatch).outboxId;
    }
  }

  async #applyBatches(batches: readonly OutboxBatch[], missed: Set<RankingNo>): Promise<void> {
    const keys = distinctKeys(batches);
    const entriesOf = Map.groupBy(await this.#entries.find(keys), (entry) => entry.rankingNo);
    const rankings = await this.#rankings.findByNumbers([
      ...new Set(keys.map((key) => key.rankingNo)),
    ]);
    const confirmations = new Map<RankingNo, Confirmation>();
    for (const ranking of rankings) {
      const entries = (entriesOf.get(ranking.rankingNo) ?? [])
        .sort((a, b) => a.version - b.version)
        .map((entry) => ({ entry, payload: this.#encode(entry) }));
      const written = await this.#write(ranking, entries);
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
    for (const rankingNo of await this.#outbox.settle(settlements)) missed.add(rankingNo);
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
