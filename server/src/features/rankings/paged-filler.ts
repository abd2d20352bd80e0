import type { Entry } from '../../domain/entry.js';
import type { Ranking } from '../../domain/ranking.js';
import {
  type EntryStore,
  type IndexBuild,
  type IndexFiller,
  IndexUnavailable,
  type RankingIndex,
} from './ports.js';

/** Entries read from the store of record at a time. */
const SCAN_SIZE = 2000;
/** Entries written to the index at a time: a few milliseconds of its attention. */
const PART_SIZE = 250;

/** Fills an index page by page, by ascending player id. */
export class PagedFiller implements IndexFiller {
  readonly #index: RankingIndex;
  readonly #entries: EntryStore;
  readonly #encodePayload: (entry: Entry) => Uint8Array;

  constructor(
    index: RankingIndex,
    entries: EntryStore,
    encodePayload: (entry: Entry) => Uint8Array,
  ) {
    this.#index = index;
    this.#entries = entries;
    this.#encodePayload = encodePayload;
  }

  async fill(
    ranking: Ranking,
    build: IndexBuild,
    onProgress: (filled: number) => void,
    signal?: AbortSignal,
  ): Promise<number> {
    let filled = 0;
    let after = '';
    for (;;) {
      const entries = await this.#entries.scan(ranking.rankingNo, after, SCAN_SIZE);
      for (let at = 0; at < entries.length; at += PART_SIZE) {
        signal?.throwIfAborted();
        const part = entries
          .slice(at, at + PART_SIZE)
          .map((entry) => ({ entry, payload: this.#encodePayload(entry) }));
        const active = await this.#index.build(ranking, build, part);
        if (!active) throw new IndexUnavailable('the index lost what was being built');
        filled += part.length;
        onProgress(filled);
      }
      after = entries.at(-1)?.playerId ?? after;
      if (entries.length < SCAN_SIZE) return filled;
    }
  }
}
