import type { PlayerId } from '../../domain/ids.js';
import type { LeaderboardSettings } from '../../domain/leaderboard.js';
import { type RankedRow, type RankingRead, rankAt } from '../../domain/ranking.js';
import { payloadStart, readPlayerId, readScore, recordEnd } from './record.js';

/** A row that reads its record only when asked: most answers only copy the payload. */
export class RecordRow implements RankedRow {
  #payload: Buffer | undefined;
  #playerId: PlayerId | undefined;

  /** @param start where the record begins in `packed` @param end where it ends */
  constructor(
    private readonly settings: LeaderboardSettings,
    readonly place: number,
    private readonly packed: Buffer,
    private readonly start: number,
    private readonly end: number,
  ) {}

  get rank(): number {
    return rankAt(this.place);
  }

  get playerId(): PlayerId {
    this.#playerId ??= readPlayerId(this.packed, this.start);
    return this.#playerId;
  }

  get score(): number {
    return readScore(this.settings, this.packed, this.start);
  }

  /** Shares the memory of the answer. */
  get payload(): Buffer {
    this.#payload ??= this.packed.subarray(payloadStart(this.packed, this.start), this.end);
    return this.#payload;
  }
}

/** Reads the rows of each read, as read.lua packs them. */
export function readRows(
  settings: LeaderboardSettings,
  reads: readonly RankingRead[],
  packed: Buffer,
): RecordRow[][] {
  let at = 0;
  return reads.map((read) => {
    const rows: RecordRow[] = [];
    const count = packed.readUInt32BE(at);
    at += 4;
    if (count === 0) return rows;
    const scattered = read.kind === 'player' || read.kind === 'players';
    let place = packed.readUInt32BE(at);
    at += 4;
    for (let row = 0; row < count; row += 1) {
      if (scattered && row > 0) {
        place = packed.readUInt32BE(at);
        at += 4;
      }
      const end = recordEnd(packed, at);
      rows.push(new RecordRow(settings, place, packed, at, end));
      place += 1;
      at = end;
    }
    return rows;
  });
}
