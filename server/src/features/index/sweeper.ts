import type { Entry } from '../../domain/entry.js';
import type { RankingNo } from '../../domain/ids.js';
import type { Log } from '../../domain/log.js';
import type { Ranking } from '../../domain/ranking.js';
import type { IndexTrust } from './index-trust.js';
import type { IndexWriter, Written } from './index-writer.js';
import { type OutboxRange, OutboxScan } from './outbox-scan.js';
import type {
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
/** Writes of that size under way for one ranking. */
const WRITES_UNDER_WAY = 4;
/** Rankings that are written to at a time. */
const RANKINGS_AT_A_TIME = 16;

/** Brings what stays behind in the outbox into the index. */
export class Sweeper {
  readonly #scan: OutboxScan;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(
    private readonly outbox: Outbox,
    private readonly entries: EntryStore,
    private readonly rankings: RankingStore,
    private readonly writer: IndexWriter,
    private readonly trust: IndexTrust,
    private readonly encodePayload: (entry: Entry) => Uint8Array,
    private readonly log: Log,
  ) {
    this.#scan = new OutboxScan(outbox);
  }

  /**
   * While `mayRun` says so, sweeps about three times a second, and drains within a tick when an index has a
   * gap or somebody waits for it.
   */
  start(mayRun: () => boolean): void {
    let running = false;
    let ticks = 0;
    const isWanted = () => this.trust.hasGaps || this.trust.isAwaited;
    this.#timer = setInterval(() => {
      ticks += 1;
      const isDue = ticks % TICKS_PER_SWEEP === 0;
      if (running || !(isDue || isWanted()) || !mayRun()) return;
      running = true;
      this.#sweeping = (isDue ? this.#sweep() : this.drain())
        .catch((error) => this.log.warn({ err: error }, 'the outbox cannot be swept now'))
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
   * Brings everything that is in the outbox now into the index. For a ranking whose index cannot be given
   * all of it, notes a gap; the others do not wait for it.
   *
   * @throws STORE_UNAVAILABLE, IndexUnavailable
   */
  async drain(): Promise<void> {
    const { noteCount } = this.trust;
    this.trust.noteDrained(noteCount, await this.#apply(await this.#scan.all()));
  }

  async #sweep(): Promise<void> {
    await this.#apply(await this.#scan.old());
    let renamed = 0;
    while (renamed < RENAMES_AT_A_TIME && (await this.outbox.applyRename())) renamed += 1;
    if (renamed > 0) await this.drain();
  }

  /** Applies the batches of a range. Returns the rankings that lack some of them. */
  async #apply({ after, through }: OutboxRange): Promise<Set<RankingNo>> {
    const missed = new Set<RankingNo>();
    let applying = Promise.resolve();
    let batches: readonly OutboxBatch[];
    let last = after;
    do {
      // Read while those before are applied.
      batches = await this.outbox.pending(last, through, BATCHES_AT_A_TIME);
      if (batches.length === 0) break;
      const keys = distinctKeys(batches);
      const entries = await this.entries.find(keys);
      await applying;
      applying = this.#applyBatches(batches, this.#writesOf(keys, entries), missed);
      // Its failure is seen by whoever waits for it.
      applying.catch(() => {});
      last = (batches.at(-1) as OutboxBatch).outboxId;
    } while (batches.length === BATCHES_AT_A_TIME);
    await applying;
    return missed;
  }

  async #applyBatches(
    batches: readonly OutboxBatch[],
    writesOf: ReadonlyMap<RankingNo, readonly IndexWrite[]>,
    missed: Set<RankingNo>,
  ): Promise<void> {
    const rankings = await this.rankings.findByNumbers([...writesOf.keys()]);
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
      for (const rankingNo of await this.outbox.settle(settlements)) missed.add(rankingNo);
    } catch (error) {
      // The index has them. They stay in the outbox, for example while a disk is full.
      this.log.debug({ err: error, batches: settlements.length }, 'batches not settled yet');
    }
  }

  /** What to give the index of each ranking, as the store of record has it, oldest first. */
  #writesOf(keys: readonly SweptKey[], found: readonly Entry[]): Map<RankingNo, IndexWrite[]> {
    const entries = new Map(found.map((entry) => [nameOf(entry), entry]));
    const versionOf = (key: SweptKey): number => entries.get(nameOf(key))?.version ?? key.outboxId;
    const writesOf = new Map<RankingNo, IndexWrite[]>();
    for (const key of keys.toSorted((a, b) => versionOf(a) - versionOf(b))) {
      const entry = entries.get(nameOf(key));
      const write =
        entry === undefined
          ? { playerId: key.playerId, version: key.outboxId }
          : { entry, payload: this.encodePayload(entry) };
      writesOf.getOrInsertComputed(key.rankingNo, () => []).push(write);
    }
    return writesOf;
  }

  /** What confirms all writes to a ranking; undefined if one failed, or two were confirmed differently. */
  async #write(
    ranking: Ranking,
    writes: readonly IndexWrite[],
  ): Promise<RankingConfirmation | undefined> {
    let confirmation: RankingConfirmation | undefined;
    for (let at = 0; at < writes.length; ) {
      const underWay: Promise<Written>[] = [];
      // Sent one after the other, without waiting for the answers in between.
      for (; at < writes.length && underWay.length < WRITES_UNDER_WAY; at += WRITE_SIZE) {
        underWay.push(this.writer.write(ranking, writes.slice(at, at + WRITE_SIZE)));
      }
      for (const written of await Promise.all(underWay)) {
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

/** Whether the later one, if it counts, also counts for what the earlier one confirmed. */
function isAlike(a: RankingConfirmation, b: RankingConfirmation): boolean {
  if (a.life !== b.life) return false;
  if (a.kind === 'written') return b.kind === 'written';
  return b.kind === 'unserved' && a.epoch === b.epoch;
}

type EntryKey = Pick<Entry, 'rankingNo' | 'playerId'>;

/** An entry that batches name, and the last of these: if there is no entry, the player left with that one. */
type SweptKey = EntryKey & { readonly outboxId: number };

function nameOf({ rankingNo, playerId }: EntryKey): string {
  return `${rankingNo} ${playerId}`;
}

function distinctKeys(batches: readonly OutboxBatch[]): SweptKey[] {
  const keys = batches.flatMap((batch) =>
    batch.keys.map((key) => ({ ...key, outboxId: batch.outboxId })),
  );
  return [...new Map(keys.map((key) => [nameOf(key), key])).values()];
}
