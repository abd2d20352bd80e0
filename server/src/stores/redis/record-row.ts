import type { PlayerId } from '../../domain/ids.js';
import type { LeaderboardSettings } from '../../domain/leaderboard.js';
import type { RankedRow } from '../../domain/ranking.js';
import { type RecordParts, readRecord } from './record.js';

/** A row that reads its record only when asked: most answers copy the payload and look no further. */
export class RecordRow implements RankedRow {
  readonly rank: number;
  readonly #settings: LeaderboardSettings;
  readonly #record: Buffer;
  #parts: RecordParts | undefined;

  constructor(settings: LeaderboardSettings, rank: number, record: Buffer) {
    this.rank = rank;
    this.#settings = settings;
    this.#record = record;
  }

  get playerId(): PlayerId {
    return this.#read().playerId;
  }

  get score(): number {
    return this.#read().score;
  }

  get payload(): Buffer {
    return this.#read().payload;
  }

  #read(): RecordParts {
    this.#parts ??= readRecord(this.#settings, this.#record);
    return this.#parts;
  }
}

/** Reads rows as read.lua packs them. */
export function readRows(settings: LeaderboardSettings, packed: Buffer): RecordRow[] {
  const rows: RecordRow[] = [];
  for (let at = 0; at < packed.length; ) {
    const length = packed.readUInt32BE(at + 4);
    rows.push(
      new RecordRow(settings, packed.readUInt32BE(at), packed.subarray(at + 8, at + 8 + length)),
    );
    at += 8 + length;
  }
  return rows;
}
