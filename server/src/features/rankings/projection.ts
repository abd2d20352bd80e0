import type { Entry } from '../../domain/entry.js';
import type { RankingNo } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
import type { IndexBuilder } from './index-builder.js';
import type { IndexGate } from './index-gate.js';
import type { IndexTrust } from './index-trust.js';
import type { EncodedEntry, IndexApplied, IndexPlace, RankingIndex } from './ports.js';
import type { Confirmation, Settler } from './settler.js';

/** How long a submission waits for the first index of its ranking, in milliseconds. */
const BUILD_PATIENCE_MS = 250;

export interface ProjectionRow extends EncodedEntry {
  readonly ranking: Ranking;
}

/** Brings committed entries into the index and tells where they came to stand. */
export class Projection {
  readonly #index: RankingIndex;
  readonly #gate: IndexGate;
  readonly #trust: IndexTrust;
  readonly #builder: IndexBuilder;
  readonly #settler: Settler;
  readonly #encodePayload: (entry: Entry) => Uint8Array;

  constructor(parts: {
    index: RankingIndex;
    gate: IndexGate;
    trust: IndexTrust;
    builder: IndexBuilder;
    settler: Settler;
    encodePayload: (entry: Entry) => Uint8Array;
  }) {
    this.#index = parts.index;
    this.#gate = parts.gate;
    this.#trust = parts.trust;
    this.#builder = parts.builder;
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
    const confirmations: Confirmation[] = [];
    let complete = true;
    const apply = async (ranking: Ranking, positions: readonly number[]): Promise<void> => {
      const part = positions.map((position) => rows[position] as ProjectionRow);
      const confirmation = await this.#applyOne(ranking, part, (index, place) => {
        places[positions[index] as number] = place;
      });
      if (confirmation === 'missed') complete = false;
      else if (confirmation !== 'unneeded') confirmations.push(confirmation);
    };
    await Promise.all(
      groupByRanking(rows).map(([ranking, positions]) => apply(ranking, positions)),
    );
    if (outboxId !== undefined && complete) this.#settler.add(outboxId, confirmations);
    return places;
  }

  /** Applies the entries of one ranking. @returns what may be settled */
  async #applyOne(
    ranking: Ranking,
    entries: readonly EncodedEntry[],
    setPlace: (index: number, place: IndexPlace) => void,
  ): Promise<Confirmation | 'unneeded' | 'missed'> {
    const wasOpen = this.#gate.isOpen;
    let applied: IndexApplied;
    let rebuilt = false;
    try {
      applied = await this.#index.apply(ranking, entries);
      if (!this.#isTrusted(ranking, applied)) {
        const trusted = await this.#becomesTrusted(ranking);
        if (trusted && !this.#isTrusted(ranking, applied)) {
          applied = await this.#index.apply(ranking, entries);
          rebuilt = true;
        }
      }
    } catch (error) {
      this.#gate.missed(error);
      return 'missed';
    }
    // Without an index to serve there is nothing to settle: the one that will serve is made from
    // the store of record, or has been given the entries too.
    if (applied.status !== 'applied') return 'unneeded';
    if (!this.#isTrusted(ranking, applied)) return 'missed';
    if (wasOpen && this.#gate.isOpen) {
      applied.places.forEach((place, index) => {
        // A new index had the entry from the start, so the rank before is not known.
        setPlace(index, rebuilt ? { ...place, previousRank: 0 } : place);
      });
    }
    const revision = applied.places.at(-1)?.revision ?? 0;
    return { rankingNo: ranking.rankingNo, epoch: applied.epoch, revision };
  }

  #isTrusted(ranking: Ranking, applied: IndexApplied): boolean {
    return applied.status === 'applied' && applied.epoch === this.#trust.epochOf(ranking.rankingNo);
  }

  /** Checks the ranking's index; if it must be built, waits a moment, which does for a small one. */
  async #becomesTrusted(ranking: Ranking): Promise<boolean> {
    if (!this.#gate.isOpen) return false;
    try {
      if (await this.#builder.check(ranking)) return true;
      await Promise.race([this.#builder.whenBuilt(ranking), patience()]);
      return this.#trust.epochOf(ranking.rankingNo) !== undefined;
    } catch {
      return false;
    }
  }
}

function patience(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, BUILD_PATIENCE_MS);
  });
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
