import type { Ranking } from '../../domain/ranking.js';
import type { IndexBuilder } from './index-builder.js';
import type { IndexTrust } from './index-trust.js';
import type { Confirmation, EncodedEntry, IndexPlace, RankingIndex } from './ports.js';

const MAX_ATTEMPTS = 3;
const NO_EPOCH = 0;
/** How long to wait at least where another epoch serves: taking it over is a matter of moments. */
const TAKE_OVER_MS = 100;

export type Written =
  /**
   * The serving index has the entries. `places` are where they came to stand, unless `late`: then
   * the index was built meanwhile and had them from the start, so ranks before are not known.
   */
  | {
      readonly kind: 'written';
      readonly places: readonly IndexPlace[];
      readonly late: boolean;
      readonly confirmation: Confirmation;
    }
  /**
   * No index serves. Whichever will serve is given the entries while it is built, or is made from
   * the store of record, which has them: nothing is left to do.
   */
  | { readonly kind: 'unneeded' }
  /** An index serves that does not have the entries. */
  | { readonly kind: 'missed' };

/**
 * Writes entries to the index of a ranking, but to a serving one only after it was found whole: see
 * apply.lua for why.
 */
export class IndexWriter {
  readonly #index: RankingIndex;
  readonly #trust: IndexTrust;
  readonly #builder: IndexBuilder;

  constructor(index: RankingIndex, trust: IndexTrust, builder: IndexBuilder) {
    this.#index = index;
    this.#trust = trust;
    this.#builder = builder;
  }

  /**
   * @param patienceMs how long to wait for an index that is being built, which does for a small one
   * @throws IndexUnavailable, STORE_UNAVAILABLE
   */
  async write(
    ranking: Ranking,
    entries: readonly EncodedEntry[],
    patienceMs: number,
  ): Promise<Written> {
    let late = false;
    for (let attempt = 1; ; attempt += 1) {
      const epoch = await this.#wholeEpoch(ranking);
      const applied = await this.#index.apply(ranking, epoch, entries);
      if (applied.status === 'applied') {
        const revision = applied.places.at(-1)?.revision ?? 0;
        const confirmation = { rankingNo: ranking.rankingNo, epoch, revision };
        return { kind: 'written', places: applied.places, late, confirmation };
      }
      if (attempt === MAX_ATTEMPTS) {
        return { kind: applied.status === 'otherEpoch' ? 'missed' : 'unneeded' };
      }
      if (epoch !== NO_EPOCH) {
        this.#trust.distrust(ranking.rankingNo, epoch);
        await this.#builder.check(ranking, applied.status === 'otherEpoch' ? undefined : epoch);
      }
      if (patienceMs === 0 && applied.status !== 'otherEpoch') return { kind: 'unneeded' };
      await this.#awaitBuild(ranking, Math.max(patienceMs, TAKE_OVER_MS));
      late = true;
    }
  }

  async #wholeEpoch(ranking: Ranking): Promise<number> {
    const trusted = this.#trust.epochOf(ranking.rankingNo);
    if (trusted !== undefined) return trusted;
    await this.#builder.check(ranking);
    return this.#trust.epochOf(ranking.rankingNo) ?? NO_EPOCH;
  }

  async #awaitBuild(ranking: Ranking, patienceMs: number): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, patienceMs);
    await Promise.race([this.#builder.whenBuilt(ranking), patience.promise]);
    clearTimeout(timer);
  }
}
