import type { Ranking } from '../../domain/ranking.js';
import type { IndexBuilder } from './index-builder.js';
import type { IndexTrust } from './index-trust.js';
import type { IndexPlace, IndexWrite, RankingConfirmation, RankingIndex } from './ports.js';

const MAX_ATTEMPTS = 3;
const NO_EPOCH = 0;
/** How long to wait, in milliseconds, while the index is taken over, which is quick. */
const TAKE_OVER_MS = 100;

export type Written =
  /** The serving index has the entries, at `places`. */
  | {
      readonly kind: 'written';
      readonly places: readonly IndexPlace[];
      readonly confirmation: RankingConfirmation;
    }
  /**
   * No index serves. The next one is given the entries while it is built, or is made from the store of
   * record, which has them: nothing is left to do.
   */
  | { readonly kind: 'unserved'; readonly confirmation: RankingConfirmation }
  /** An index serves that does not have the entries. */
  | { readonly kind: 'missed'; readonly confirmation?: undefined };

/**
 * Writes entries to the index of a ranking. One that serves is written to only after it was found whole:
 * see apply.lua for why.
 */
export class IndexWriter {
  constructor(
    private readonly index: RankingIndex,
    private readonly trust: IndexTrust,
    private readonly builder: IndexBuilder,
  ) {}

  /** Does not wait for an index that is being built. @throws IndexUnavailable, STORE_UNAVAILABLE */
  async write(ranking: Ranking, writes: readonly IndexWrite[]): Promise<Written> {
    const { rankingNo } = ranking;
    for (let attempt = 1; ; attempt += 1) {
      const tenure = this.trust.requireTenure();
      const { life } = tenure;
      const epoch = await this.#wholeEpoch(ranking);
      // The index takes commands for the life that was joined last, and only for that.
      if (this.trust.tenure !== tenure) continue;
      const applied = await this.index.apply(ranking, epoch, writes);
      switch (applied.status) {
        case 'applied': {
          if (applied.outdated) this.builder.refresh(ranking);
          const revision = applied.places.at(-1)?.revision ?? 0;
          const confirmation = { kind: 'written', rankingNo, life, revision } as const;
          return { kind: 'written', places: applied.places, confirmation };
        }
        case 'building':
        case 'absent': {
          if (epoch !== NO_EPOCH) {
            this.trust.distrust(rankingNo, epoch);
            await this.builder.check(ranking, epoch);
          }
          const building = applied.status === 'building' ? applied.epoch : 0;
          const confirmation = { kind: 'unserved', rankingNo, life, epoch: building } as const;
          return { kind: 'unserved', confirmation };
        }
        case 'otherEpoch':
          if (attempt >= MAX_ATTEMPTS) return { kind: 'missed' };
          this.trust.distrust(rankingNo, epoch);
          await this.builder.check(ranking);
          await this.builder.builtWithin(ranking, TAKE_OVER_MS);
      }
    }
  }

  async #wholeEpoch(ranking: Ranking): Promise<number> {
    const trusted = this.trust.epochOf(ranking.rankingNo);
    if (trusted !== undefined) return trusted;
    await this.builder.check(ranking);
    return this.trust.epochOf(ranking.rankingNo) ?? NO_EPOCH;
  }
}
