import type { Entry } from '../../domain/entry.js';
import type { RankingNo } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
import { within } from '../../within.js';
import type { IndexBuilder } from './index-builder.js';
import type { IndexGate } from './index-gate.js';
import type { IndexTrust } from './index-trust.js';
import type { IndexWriter, Written } from './index-writer.js';
import type { EncodedEntry, IndexPlace, RankingConfirmation } from './ports.js';
import type { Settler } from './settler.js';

/**
 * How long a submission waits for a slow index, in milliseconds. Then it is answered without a rank, and the
 * index's answer only settles the batch.
 */
const PATIENCE_MS = 200;
/** How long a submission waits for the first index of its ranking, in milliseconds. */
const FIRST_BUILD_MS = 100;
/** Rankings whose first index is waited for at a time; submissions to more are answered without ranks. */
const MAX_FIRST_BUILDS = 64;

export interface ProjectionRow extends EncodedEntry {
  readonly ranking: Ranking;
  /** The submission made the player's first entry, changed the entry, or left it as it was. */
  readonly effect: 'first' | 'changed' | 'none';
  /** The version of the entry that the submission found; 0 if there was none. */
  readonly previousVersion: number;
}

/** Where a submission put its entry. */
export type ProjectedPlace = Pick<
  IndexPlace,
  'previousRank' | 'rank' | 'totalPlayers' | 'revision'
>;

/** Told where the entry of a row came to stand; undefined while the index cannot tell. */
export type OnPlaced = (row: number, place: ProjectedPlace | undefined) => void;

/** The positions of the rows of a batch that go to one ranking, in order. */
interface Group {
  readonly ranking: Ranking;
  readonly positions: number[];
}

/** Brings committed entries into the index and tells where they came to stand. */
export class Projection {
  #firstBuilds = 0;

  constructor(
    private readonly writer: IndexWriter,
    private readonly builder: IndexBuilder,
    private readonly gate: IndexGate,
    private readonly trust: IndexTrust,
    private readonly settler: Settler,
    private readonly encodePayload: (entry: Entry) => Uint8Array,
  ) {}

  /** The bytes that the index keeps of an entry for answers. */
  encode(entry: Entry): Uint8Array {
    return this.encodePayload(entry);
  }

  /**
   * Brings the entries of one batch into the index, in order, and tells the place of each once. Never
   * fails; what the index cannot be given now reaches it later, from the outbox.
   *
   * Resolves when the next batch may come. The places of a new ranking, which wait for its first index, may
   * be told later.
   *
   * @param outboxId the batch in the outbox; undefined if none of its entries changed
   */
  async project(
    outboxId: number | undefined,
    rows: readonly ProjectionRow[],
    onPlaced: OnPlaced,
  ): Promise<void> {
    if (rows.length === 0) return;
    if (!this.gate.isReachable) {
      this.gate.noteMissed();
      for (let row = 0; row < rows.length; row += 1) onPlaced(row, undefined);
      return;
    }
    const opening = this.gate.opening;
    const later: Promise<RankingConfirmation | undefined>[] = [];
    const now = await Promise.all(
      groupByRanking(rows).map(async (group) => {
        const writing = this.#write(group, rows);
        const written = await within(PATIENCE_MS, writing, undefined);
        if (written === undefined) {
          for (const position of group.positions) onPlaced(position, undefined);
          later.push(writing.then(({ confirmation }) => confirmation));
          return 'later';
        }
        if (written.kind === 'unserved' && this.#mayAwaitFirst(group.ranking)) {
          later.push(this.#projectWhenBuilt(group, rows, opening, onPlaced));
          return 'later';
        }
        await this.#tell(group, rows, written, opening, onPlaced);
        return written.confirmation;
      }),
    );
    if (outboxId === undefined) return;
    const settle = (confirmations: readonly (RankingConfirmation | undefined)[]): void => {
      if (confirmations.includes(undefined)) return;
      this.settler.add(outboxId, confirmations as RankingConfirmation[]);
    };
    const confirmed = now.filter((each) => each !== 'later');
    if (later.length === 0) settle(confirmed);
    else void Promise.all(later).then((others) => settle([...confirmed, ...others]));
  }

  async #write(group: Group, rows: readonly ProjectionRow[]): Promise<Written> {
    const entries = group.positions.map((position) => rows[position] as ProjectionRow);
    try {
      const written = await this.writer.write(group.ranking, entries);
      // Only this ranking is affected: its reads go to the store of record until it is mended.
      if (written.kind === 'missed') this.trust.noteGap(group.ranking.rankingNo);
      return written;
    } catch (error) {
      this.gate.noteMissed(error);
      return { kind: 'missed' };
    }
  }

  /** A new ranking soon has its first index, and then its first submission gets a rank. */
  #mayAwaitFirst(ranking: Ranking): boolean {
    return this.builder.isBuildingFirst(ranking) && this.#firstBuilds < MAX_FIRST_BUILDS;
  }

  async #projectWhenBuilt(
    group: Group,
    rows: readonly ProjectionRow[],
    opening: number,
    onPlaced: OnPlaced,
  ): Promise<RankingConfirmation | undefined> {
    this.#firstBuilds += 1;
    try {
      await this.builder.builtWithin(group.ranking, FIRST_BUILD_MS);
    } finally {
      this.#firstBuilds -= 1;
    }
    const written = await this.#write(group, rows);
    await this.#tell(group, rows, written, opening, onPlaced);
    return written.confirmation;
  }

  /** @param opening of the gate when the batch came: then the index had all that was committed before */
  async #tell(
    { ranking, positions }: Group,
    rows: readonly ProjectionRow[],
    written: Written,
    opening: number,
    onPlaced: OnPlaced,
  ): Promise<void> {
    const isCertain =
      written.kind === 'written' &&
      opening > 0 &&
      !this.trust.hasGap(ranking.rankingNo) &&
      (this.gate.isOpen || (await this.gate.confirmsOpen())) &&
      this.gate.opening === opening;
    positions.forEach((position, index) => {
      const place = isCertain ? (written.places[index] as IndexPlace) : undefined;
      onPlaced(position, place && placeOf(rows[position] as ProjectionRow, place));
    });
  }
}

/**
 * Undefined if the index does not know the rank before or after the submission, because what other servers
 * commit may reach it earlier or later. Also undefined for a player who left.
 */
function placeOf(row: ProjectionRow, place: IndexPlace): ProjectedPlace | undefined {
  if (place.had === 'newer' || place.rank === 0) return undefined;
  switch (row.effect) {
    case 'first':
      return { ...place, previousRank: 0 };
    case 'changed':
      return place.had === 'older' && place.previousVersion === row.previousVersion
        ? place
        : undefined;
    case 'none':
      return { ...place, previousRank: place.rank };
  }
}

/** There is nearly always one group. */
function groupByRanking(rows: readonly ProjectionRow[]): Group[] {
  const groups = new Map<RankingNo, Group>();
  rows.forEach(({ ranking }, position) => {
    const group = groups.get(ranking.rankingNo);
    if (group === undefined) groups.set(ranking.rankingNo, { ranking, positions: [position] });
    else group.positions.push(position);
  });
  return [...groups.values()];
}
