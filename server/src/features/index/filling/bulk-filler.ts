import type { Entry } from '../../../domain/entry.js';
import {
  type EntryGroup,
  type EntryStream,
  type FillRequest,
  type IndexFiller,
  IndexUnavailable,
  type RankingIndex,
} from '../ports.js';

/** Entries that are sorted together before they go to the index. Two groups are in memory at a time. */
const GROUP_SIZE = 100_000;
/** A group with more bytes ends early. */
const GROUP_BYTES = 16 * 1024 * 1024;
/** Entries written to the index at a time: a millisecond or two of its attention. */
const PART_SIZE = 250;
/** Parts under way: while the index takes one in, the next is on its way. */
const PARTS_UNDER_WAY = 2;

/**
 * Fills an index from a stream: reads and encodes one group while the one before goes to the index, part
 * by part, so that the index is free for callers in between.
 */
export class BulkFiller implements IndexFiller {
  constructor(
    private readonly index: Pick<RankingIndex, 'group' | 'build'>,
    private readonly entries: EntryStream,
    private readonly encodePayload: (entry: Entry) => Uint8Array,
  ) {}

  async fill(
    { ranking, build, afterPlayerId }: FillRequest,
    onProgress: (filled: number) => void,
    signal?: AbortSignal,
  ): Promise<number> {
    const stop = new AbortController();
    const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    let filled = 0;
    const send = async (group: EntryGroup): Promise<void> => {
      const underWay: Promise<void>[] = [];
      const put = async (size: number, records: Uint8Array): Promise<void> => {
        const active = await this.index.build(ranking, build, records);
        if (!active) throw new IndexUnavailable('the index lost what was being built');
        filled += size;
        onProgress(filled);
      };
      for (const { size, records } of group.parts(PART_SIZE)) {
        stopped.throwIfAborted();
        if (underWay.length >= PARTS_UNDER_WAY) await underWay.shift();
        // A copy: the memory of a part is used again for the next.
        const putting = put(size, Buffer.from(records));
        // Its failure is seen by whoever waits for it.
        putting.catch(() => {});
        underWay.push(putting);
      }
      await Promise.all(underWay);
    };
    let group = this.index.group(ranking);
    let sent = this.index.group(ranking);
    let sending = Promise.resolve();
    /** Begins to send the group when the one before is sent, whose memory takes the next entries. */
    const next = async (): Promise<void> => {
      await sending;
      sending = send(group);
      // Its failure is seen by whoever waits for it.
      sending.catch(() => {});
      [group, sent] = [sent, group];
      group.clear();
    };
    try {
      for await (const entries of this.entries.stream(ranking.rankingNo, afterPlayerId)) {
        for (const entry of entries) group.add(entry, this.encodePayload(entry));
        if (group.size >= GROUP_SIZE || group.bytes >= GROUP_BYTES) await next();
      }
      await next();
      await sending;
      return filled;
    } finally {
      stop.abort();
      await sending.catch(() => {});
    }
  }
}
