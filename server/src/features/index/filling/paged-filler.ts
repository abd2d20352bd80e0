import type { Entry } from '../../../domain/entry.js';
import {
  type EntryStore,
  type FillRequest,
  type IndexFiller,
  IndexUnavailable,
  type RankingIndex,
} from '../ports.js';

/** Entries read from the store of record at a time. */
const SCAN_SIZE = 2000;
/** Entries written to the index at a time: a few milliseconds of its attention. */
const PART_SIZE = 250;
/** With more entries than these, the rest is left to another filler. */
const SMALL_RANKING = 10_000;

/**
 * Fills an index page by page in this thread, which is quickest for small rankings, and most are small. The
 * rest of a large one is left to a filler that does not hold up calls.
 */
export class PagedFiller implements IndexFiller {
  /** @param rest without it, large rankings are filled here too */
  constructor(
    private readonly index: RankingIndex,
    private readonly entries: EntryStore,
    private readonly encodePayload: (entry: Entry) => Uint8Array,
    private readonly rest?: IndexFiller,
  ) {}

  async fill(
    { ranking, build, afterPlayerId }: FillRequest,
    onProgress: (filled: number) => void,
    signal?: AbortSignal,
  ): Promise<number> {
    const group = this.index.group(ranking);
    let filled = 0;
    let after = afterPlayerId;
    for (;;) {
      const entries = await this.entries.scan(ranking.rankingNo, after, SCAN_SIZE);
      for (const entry of entries) group.add(entry, this.encodePayload(entry));
      for (const { size, records } of group.parts(PART_SIZE)) {
        signal?.throwIfAborted();
        const active = await this.index.build(ranking, build, records);
        if (!active) throw new IndexUnavailable('the index lost what was being built');
        filled += size;
        onProgress(filled);
      }
      group.clear();
      after = entries.at(-1)?.playerId ?? after;
      if (entries.length < SCAN_SIZE) return filled;
      if (filled >= SMALL_RANKING && this.rest !== undefined) {
        const request = { ranking, build, afterPlayerId: after };
        const more = await this.rest.fill(request, (at) => onProgress(filled + at), signal);
        return filled + more;
      }
    }
  }
}
