import type { Entry } from '../../domain/entry.js';
import type { LeaderboardSettings } from '../../domain/leaderboard.js';
import type { EntryGroup } from '../../features/index/ports.js';
import { compareTied, indexScore, recordEnd, recordLength, writeRecord } from './record.js';

/**
 * Records of a ranking, packed in one buffer: the garbage collection of a hundred thousand objects would cost
 * more than everything else. Its memory is kept for the next entries.
 */
export class RecordGroup implements EntryGroup {
  #packed = Buffer.allocUnsafeSlow(64 * 1024);
  #bytes = 0;
  #starts = new Uint32Array(1024);
  #scores = new Float64Array(1024);
  #size = 0;
  /** What was handed out last: each part is sent before the next is asked for. */
  #part = Buffer.alloc(0);

  constructor(
    private readonly settings: LeaderboardSettings,
    private readonly payloadVersion: number,
  ) {}

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(entry: Entry, payload: Uint8Array): void {
    this.#makeRoom(recordLength(entry.playerId, payload.length));
    this.#starts[this.#size] = this.#bytes;
    this.#scores[this.#size] = indexScore(this.settings, entry.score);
    this.#size += 1;
    this.#bytes = writeRecord(
      this.#packed,
      this.#bytes,
      this.settings,
      entry,
      payload,
      this.payloadVersion,
    );
  }

  clear(): void {
    this.#size = 0;
    this.#bytes = 0;
  }

  *parts(size: number): Generator<{ readonly size: number; readonly records: Buffer }> {
    const order = this.#order();
    for (let first = 0; first < order.length; first += size) {
      const part = order.subarray(first, first + size);
      yield { size: part.length, records: this.#pack(part) };
    }
  }

  #makeRoom(length: number): void {
    if (this.#bytes + length > this.#packed.length) {
      const packed = Buffer.allocUnsafeSlow(2 * this.#packed.length + length);
      this.#packed.copy(packed, 0, 0, this.#bytes);
      this.#packed = packed;
    }
    if (this.#size === this.#starts.length) {
      const [starts, scores] = [this.#starts, this.#scores];
      this.#starts = new Uint32Array(2 * starts.length);
      this.#starts.set(starts);
      this.#scores = new Float64Array(2 * scores.length);
      this.#scores.set(scores);
    }
  }

  /** The numbers of the records, by their order in the ranking. */
  #order(): Uint32Array {
    const [packed, starts, scores] = [this.#packed, this.#starts, this.#scores];
    const order = new Uint32Array(this.#size);
    for (let number = 0; number < order.length; number += 1) order[number] = number;
    return order.sort((a, b) => {
      const difference = (scores[a] as number) - (scores[b] as number);
      if (difference !== 0) return difference;
      return compareTied(packed, starts[a] as number, starts[b] as number);
    });
  }

  /** Packs records, one behind the other. */
  #pack(numbers: Uint32Array): Buffer {
    const [packed, starts] = [this.#packed, this.#starts];
    let length = 0;
    for (const number of numbers) {
      const start = starts[number] as number;
      length += recordEnd(packed, start) - start;
    }
    if (this.#part.length < length) this.#part = Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (const number of numbers) {
      const start = starts[number] as number;
      at += packed.copy(this.#part, at, start, recordEnd(packed, start));
    }
    return this.#part.subarray(0, length);
  }
}
