import type { Entry } from '../../../domain/entry.js';
import type { Ranking } from '../../../domain/ranking.js';
import {
  type EntryStore,
  type IndexBuild,
  type IndexFiller,
  IndexUnavailable,
  type RankingIndex,
  type RestFiller,
} from '../ports.js';

/** Entries read from the store of record at a time. */
const SCAN_SIZE = 2000;
/** Entries written to the index at a time: a few milliseconds of its attention. */
const PART_SIZE = 250;

/** Rankings with more entries go on elsewhere. */
const SMALL_RANKING = 10_000;

/**
 * Fills an index page by page, by ascending player id: at once, which is best for small rankings,
 * and they are many. The rest of a large one is left to whoever can do that without holding up calls.
 */
export class PagedFiller implements IndexFiller {
  readonly #index: RankingIndex;
  readonly #entries: EntryStore;
  readonly #encodePayload: (entry: Entry) => Uint8Array;
  readonly #rest: RestFiller | undefined;

  /** @param rest without it, large rankings are filled here too */
  constructor(
    index: RankingIndex,
    entries: EntryStore,
    encodePayload: (entry: Entry) => Uint8Array,
    rest?: RestFiller,
  ) {
    this.#index = index;
    this.#entries = entries;
    this.#encodePayload = encodePayload;
    this.#rest = rest;
  }

  async fill(
    ranking: Ranking,
    build: IndexBuild,
    onProgress: (filled: number) => void,
    signal?: AbortSignal,
  ): Promise<number> {
    const group = this.#index.group(ranking);
    let filled = 0;
    let after = '';
    for (;;) {
      const entries = await this.#entries.scan(ranking.rankingNo, after, SCAN_SIZE);
      for (const entry of entries) group.add(entry, this.#encodePayload(entry));
      for (const { size, records } of group.parts(PART_SIZE)) {
        signal?.throwIfAborted();
        const active = await this.#index.build(ranking, build, records);
        if (!active) throw new IndexUnavailable('the index lost what was being built');
        filled += size;
        onProgress(filled);
      }
      group.clear();
      after = entries.at(-1)?.playerId ?? after;
      if (entries.length < SCAN_SIZE) return filled;
      if (filled >= SMALL_RANKING && this.#rest !== undefined) {
        const before = filled;
        const progress = (more: number): void => onProgress(before + more);
        return before + (await this.#rest.fillAfter(ranking, build, after, progress, signal));
      }
    }
  }
}
