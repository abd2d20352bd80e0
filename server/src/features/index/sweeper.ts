import type { Entry } from '../../domain/entry.js';
import type { RankingNo } from '../../domain/ids.js';
import type { Log } from '../../domain/log.js';
import type { Ranking } from '../../domain/ranking.js';
import type { IndexTrust } from './index-trust.js';
import type { IndexWriter } from './index-writer.js';
import { OutboxScan } from './outbox-scan.js';
import type {
  EncodedEntry,
  EntryStore,
  IndexWrite,
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
      const keys = distinctKeys(batches);
      const entries = keys.length > 0 ? await this.#entries.find(keys) : [];
      await applying;
      if (batches.length === 0) return missed;
      applying = this.#applyBatches(batches, this.#writesOf(keys, entries), missed);
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
    writesOf: ReadonlyMap<RankingNo, readonly IndexWrite[]>,
    missed: Set<RankingNo>,
  ): Promise<void> {
    const rankings = await this.#rankings.findByNumbers([
      ...new Set(batches.flatMap(({ keys }) => keys.map((key) => key.rankingNo))),
    ]);
    const confirmations = new Map<RankingNo, RankingConfirmation>();
    const writeNext = async (): Promise<void> => {
      for (let ranking = rankings.pop(); ranking !== undefined; ranking = rankings.pop()) {
        const confirmation = await this.#write(ranking, writesOf.get(ranking.rankingNo) ?? []);
        if (confirmation === undefined) missed.add(ranking.rankingNo);
        else confirmations.set(ranking.rankingNo, confirmation);
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

  /** What the index is to be given of each ranking, as the store of record has it, oldest first. */
  #writesOf(keys: readonly SweptKey[], found: readonly Entry[]): Map<RankingNo, IndexWrite[]> {
    const entries = new Map(found.map((entry) => [nameOf(entry), entry]));
    const versionOf = (key: SweptKey): number => entries.get(nameOf(key))?.version ?? key.outboxId;
    const writesOf = new Map<RankingNo, IndexWrite[]>();
    for (const key of keys.toSorted((a, b) => versionOf(a) - versionOf(b))) {
      const entry = entries.get(nameOf(key));
      const write =
        entry === undefined
          ? { playerId: key.playerId, version: key.outboxId }
          : { entry, payload: this.#encode(entry) };
      const writes = writesOf.get(key.rankingNo);
      if (writes === undefined) writesOf.set(key.rankingNo, [write]);
      else writes.push(write);
    }
    return writesOf;
  }

  /** What confirms all writes to a ranking; undefined if a part is missing, or the parts differ in that. */
  async #write(
    ranking: Ranking,
    entries: readonly IndexWrite[],
  ): Promise<RankingConfirmation | undefined> {
    let confirmation: RankingConfirmation | undefined;
    for (let at = 0; at < entries.length; at += PARTS_UNDER_WAY * WRITE_SIZE) {
      // Sent one after the other, without waiting for the answers in between.
      const parts = partsOf(entries.slice(at, at + PARTS_UNDER_WAY * WRITE_SIZE));
      const all = await Promise.all(parts.map((part) => this.#writer.write(ranking, part)));
      for (const written of all) {
        if (written.kind === 'missed') return undefined;
        if (confirmation !== undefined && !isAlike(confirmation, written.confirmation)) {
          return undefined;
        }
        confirmation = written.confirmation;
      }
    }
    return confirmation;
  }
}

function partsOf(entries: readonly IndexWrite[]): (readonly IndexWrite[])[] {
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

type EntryKey = Pick<Entry, 'rankingNo' | 'playerId'>;

/** An entry that batches name, and the last of them: without an entry the player has left with that. */
type SweptKey = EntryKey & { readonly outboxId: number };

function nameOf({ rankingNo, playerId }: EntryKey): string {
  return `${rankingNo} ${playerId}`;
}

function distinctKeys(batches: readonly OutboxBatch[]): SweptKey[] {
  const keys = new Map<string, SweptKey>();
  for (const { outboxId, keys: named } of batches) {
    for (const { rankingNo, playerId } of named) {
      const key = { rankingNo, playerId, outboxId };
      keys.set(nameOf(key), key);
    }
  }
  return [...keys.values()];
}
