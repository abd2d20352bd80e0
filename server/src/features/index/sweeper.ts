import type { Entry } from '../../domain/entry.js';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { Log } from '../../domain/log.js';
import type { Ranking } from '../../domain/ranking.js';
import type { IndexTrust } from './index-trust.js';
import type { IndexWriter } from './index-writer.js';
import { OutboxScan } from './outbox-scan.js';
import type {
  EncodedEntry,
  EntryStore,
  Outbox,
  OutboxBatch,
  RankingConfirmation,
  RankingStore,
} from './ports.js';

const TICK_MS = 100;
const TICKS_PER_SWEEP = 3;
const RENAMES_AT_A_TIME = 100;
const BATCHES_AT_A_TIME = 400;
const WRITE_SIZE = 250;
/** Parts of that size that are under way for one ranking. */
const PARTS_UNDER_WAY = 4;
/** Rankings that are written to at a time. */
const RANKINGS_AT_A_TIME = 16;

/** Brings what stays behind in the outbox into the index. */
export class Sweeper {
  readonly #outbox: Outbox;
  readonly #scan: OutboxScan;
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
    this.#scan = new OutboxScan(parts.outbox);
    this.#entries = parts.entries;
    this.#rankings = parts.rankings;
    this.#writer = parts.writer;
    this.#trust = parts.trust;
    this.#encode = parts.encodePayload;
    this.#log = parts.log;
  }

  /**
   * While `mayRun` says so, sweeps about three times a second, and drains
   * within a tick when an index has a gap or is waited for.
   */
  start(mayRun: () => boolean): void {
    let running = false;
    let ticks = 0;
    const isWanted = () => this.#trust.hasGaps || this.#trust.isAwaited;
    this.#timer = setInterval(() => {
      ticks += 1;
      const isDue = ticks % TICKS_PER_SWEEP === 0;
      if (running || !(isDue || isWanted()) || !mayRun()) return;
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
   * Brings everything that is in the outbox now into the index. A ranking whose index cannot be given
   * all of it has a gap noted; it does not hold up the others.
   *
   * @throws STORE_UNAVAILABLE, IndexUnavailable
   */
  async drain(): Promise<void> {
    const { noteCount } = this.#trust;
    this.#trust.noteDrained(noteCount, await this.#apply(await this.#scan.all()));
  }

  async #sweep(): Promise<void> {
    await this.#apply(await this.#scan.old());
    let renamed = 0;
    while (renamed < RENAMES_AT_A_TIME && (await this.#outbox.applyRename())) renamed += 1;
    if (renamed > 0) await this.drain();
  }

  /** Applies the batches of a range. Returns the rankings that lack some of them. */
  async #apply({ after, through }: { after: number; through: number }): Promise<Set<RankingNo>> {
    const missed = new Set<RankingNo>();
    let applying = Promise.resolve();
    for (let from = after; ; ) {
      // Read while those before are applied.
      const batches = await this.#outbox.pending(from, through, BATCHES_AT_A_TIME);
      const entries = batches.length > 0 ? await this.#entries.find(distinctKeys(batches)) : [];
      await applying;
      if (batches.length === 0) return missed;
      applying = this.#applyBatches(batches, entries, missed);
      // Its failure is seen by whoever waits for it.
      applying.catch(() => {});
      if (batches.length < BATCHES_AT_A_TIME) {
        await applying;
        return missed;
      }
      from = (batches.at(-1) as OutboxBatch).outboxId;
    }
  }

  async #applyBatches(
    batches: readonly OutboxBatch[],
    found: readonly Entry[],
    missed: Set<RankingNo>,
  ): Promise<void> {
    const entriesOf = Map.groupBy(found, (entry) => entry.rankingNo);
    const rankings = await this.#rankings.findByNumbers([
      ...new Set(batches.flatMap(({ keys }) => keys.map((key) => key.rankingNo))),
    ]);
    const confirmations = new Map<RankingNo, RankingConfirmation>();
    const writeNext = async (): Promise<void> => {
      for (let ranking = rankings.pop(); ranking !== undefined; ranking = rankings.pop()) {
        const entries = (entriesOf.get(ranking.rankingNo) ?? [])
          .sort((a, b) => a.version - b.version)
          .map((entry) => ({ entry, payload: this.#encode(entry) }));
        const confirmation = await this.#write(ranking, entries);
        if (confirmation === 'missed') missed.add(ranking.rankingNo);
        else if (confirmation !== 'nothing to write') {
          confirmations.set(ranking.rankingNo, confirmation);
        }
      }
    };
    await Promise.all(Array.from({ length: RANKINGS_AT_A_TIME }, writeNext));
    const settlements = batches
      .filter((batch) => !batch.keys.some((key) => missed.has(key.rankingNo)))
      .map(({ outboxId, keys }) => ({
        outboxId,
        // Rankings that were not found are gone and need none.
        confirmations: [...new Set(keys.map((key) => key.rankingNo))].flatMap(
          (rankingNo) => confirmations.get(rankingNo) ?? [],
        ),
      }));
    try {
      for (const rankingNo of await this.#outbox.settle(settlements)) missed.add(rankingNo);
    } catch (error) {
      // The index has them. They may stay in the outbox, for example while a disk is full.
      this.#log.debug({ err: error, batches: settlements.length }, 'batches not settled yet');
    }
  }

  /** What confirms all entries of a ranking; `missed` if a part is missing, or the parts differ in that. */
  async #write(
    ranking: Ranking,
    entries: readonly EncodedEntry[],
  ): Promise<RankingConfirmation | 'missed' | 'nothing to write'> {
    let confirmation: RankingConfirmation | undefined;
    for (let at = 0; at < entries.length; at += PARTS_UNDER_WAY * WRITE_SIZE) {
      // Sent one after the other, without waiting for the answers in between.
      const parts = partsOf(entries.slice(at, at + PARTS_UNDER_WAY * WRITE_SIZE));
      const all = await Promise.all(parts.map((part) => this.#writer.write(ranking, part)));
      for (const written of all) {
        if (written.kind === 'missed') return 'missed';
        if (confirmation !== undefined && !isAlike(confirmation, written.confirmation)) {
          return 'missed';
        }
        confirmation = written.confirmation;
      }
    }
    // What was removed meanwhile.
    return confirmation ?? 'nothing to write';
  }
}

function partsOf(entries: readonly EncodedEntry[]): (readonly EncodedEntry[])[] {
  return Array.from({ length: Math.ceil(entries.length / WRITE_SIZE) }, (_, part) =>
    entries.slice(part * WRITE_SIZE, (part + 1) * WRITE_SIZE),
  );
}

/** Whether the later one, when it counts, counts for what the other confirmed too. */
function isAlike(a: RankingConfirmation, b: RankingConfirmation): boolean {
  if (a.life !== b.life) return false;
  if (a.kind === 'written') return b.kind === 'written';
  return b.kind === 'unserved' && a.epoch === b.epoch;
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
