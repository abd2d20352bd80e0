import type { Entry } from '../../domain/entry.js';
import type { RankingNo } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
import type { IndexGate } from './index-gate.js';
import type { IndexTrust } from './index-trust.js';
import type { IndexWriter, Written } from './index-writer.js';
import type { Confirmation, EncodedEntry, IndexPlace } from './ports.js';
import type { Settler } from './settler.js';

/** How long a submission waits for the first index of its ranking, in milliseconds. */
const BUILD_PATIENCE_MS = 100;

export interface ProjectionRow extends EncodedEntry {
  readonly ranking: Ranking;
}

/** Brings committed entries into the index and tells where they came to stand. */
export class Projection {
  readonly #writer: IndexWriter;
  readonly #gate: IndexGate;
  readonly #trust: IndexTrust;
  readonly #settler: Settler;
  readonly #encodePayload: (entry: Entry) => Uint8Array;

  constructor(parts: {
    writer: IndexWriter;
    gate: IndexGate;
    trust: IndexTrust;
    settler: Settler;
    encodePayload: (entry: Entry) => Uint8Array;
  }) {
    this.#writer = parts.writer;
    this.#gate = parts.gate;
    this.#trust = parts.trust;
    this.#settler = parts.settler;
    this.#encodePayload = parts.encodePayload;
  }

  /** The bytes that the index keeps of an entry for answers. */
  encode(entry: Entry): Uint8Array {
    return this.#encodePayload(entry);
  }

  /**
   * Brings the entries of one batch into the index, in order, and tells where each came to stand.
   * Never fails: an element is undefined while the index cannot tell. The entry then reaches the
   * index later, from the outbox.
   *
   * @param outboxId the batch in the outbox; undefined if none of its entries changed
   */
  async project(
    outboxId: number | undefined,
    rows: readonly ProjectionRow[],
  ): Promise<readonly (IndexPlace | undefined)[]> {
    const places = new Array<IndexPlace | undefined>(rows.length);
    if (rows.length === 0) return places;
    if (!this.#gate.isReachable) {
      this.#gate.missed();
      return places;
    }
    const wasOpen = this.#gate.isOpen;
    const confirmations: Confirmation[] = [];
    let complete = true;
    const write = async (ranking: Ranking, positions: readonly number[]): Promise<void> => {
      const part = positions.map((position) => rows[position] as ProjectionRow);
      const written = await this.#write(ranking, part);
      if (written.kind === 'missed') complete = false;
      if (written.kind !== 'written') return;
      confirmations.push(written.confirmation);
      if (!wasOpen || !this.#gate.isOpen || this.#trust.owes(ranking.rankingNo)) return;
      written.places.forEach((place, index) => {
        const position = positions[index] as number;
        places[position] = written.late ? { ...place, previousRank: 0 } : place;
      });
    };
    await Promise.all(
      groupByRanking(rows).map(([ranking, positions]) => write(ranking, positions)),
    );
    if (outboxId !== undefined && complete) this.#settler.add(outboxId, confirmations);
    return places;
  }

  async #write(ranking: Ranking, entries: readonly EncodedEntry[]): Promise<Written> {
    try {
      const written = await this.#writer.write(ranking, entries, BUILD_PATIENCE_MS);
      // Only this ranking is affected: its reads go to the store of record until it is mended.
      if (written.kind === 'missed') this.#trust.owe(ranking.rankingNo);
      return written;
    } catch (error) {
      this.#gate.missed(error);
      return { kind: 'missed' };
    }
  }
}

/** Positions by ranking, each in order; nearly always there is one ranking. */
function groupByRanking(rows: readonly ProjectionRow[]): [Ranking, number[]][] {
  const groups = new Map<RankingNo, [Ranking, number[]]>();
  rows.forEach(({ ranking }, position) => {
    const group = groups.get(ranking.rankingNo);
    if (group === undefined) groups.set(ranking.rankingNo, [ranking, [position]]);
    else group[1].push(position);
  });
  return [...groups.values()];
}
