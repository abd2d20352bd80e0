import type { PlayerId } from '../../domain/ids.js';
import type { LeaderboardSettings } from '../../domain/leaderboard.js';
import type { RankedRow, RankingRead } from '../../domain/ranking.js';
import { payloadStart, readPlayerId, readScore } from './record.js';

/** A row that reads its record only when asked: most answers copy the payload and look no further. */
export class RecordRow implements RankedRow {
  readonly rank: number;
  readonly #settings: LeaderboardSettings;
  readonly #packed: Buffer;
  readonly #start: number;
  readonly #end: number;
  #payload: Buffer | undefined;
  #playerId: PlayerId | undefined;

  /** The record lies in `packed` from `start` to before `end`. */
  constructor(
    settings: LeaderboardSettings,
    rank: number,
    packed: Buffer,
    start: number,
    end: number,
  ) {
    this.rank = rank;
    this.#settings = settings;
    this.#packed = packed;
    this.#start = start;
    this.#end = end;
  }

  get playerId(): PlayerId {
    this.#playerId ??= readPlayerId(this.#packed, this.#start);
    return this.#playerId;
  }

  get score(): number {
    return readScore(this.#settings, this.#packed, this.#start);
  }

  /** Shares the memory of the answer that it came in. */
  get payload(): Buffer {
    this.#payload ??= this.#packed.subarray(payloadStart(this.#packed, this.#start), this.#end);
    return this.#payload;
  }
}

/** Reads rows as read.lua packs them for this read. */
export function readRows(
  settings: LeaderboardSettings,
  read: RankingRead,
  packed: Buffer,
): RecordRow[] {
  return read.kind === 'player' || read.kind === 'players'
    ? readScattered(settings, packed)
    : readConsecutive(settings, packed);
}

/** Each row has its rank before it. */
function readScattered(settings: LeaderboardSettings, packed: Buffer): RecordRow[] {
  const rows: RecordRow[] = [];
  for (let at = 0; at < packed.length; ) {
    const end = at + 4 + packed.readUInt32BE(at + 4);
    rows.push(new RecordRow(settings, packed.readUInt32BE(at), packed, at + 4, end));
    at = end;
  }
  return rows;
}

/** Only the first row has its rank before it. */
function readConsecutive(settings: LeaderboardSettings, packed: Buffer): RecordRow[] {
  const rows: RecordRow[] = [];
  if (packed.length === 0) return rows;
  let rank = packed.readUInt32BE(0);
  for (let at = 4; at < packed.length; rank += 1) {
    const end = at + packed.readUInt32BE(at);
    rows.push(new RecordRow(settings, rank, packed, at, end));
    at = end;
  }
  return rows;
}
