import type { LeaderboardSettings } from '../../domain/leaderboard.js';
import { type RankingChange, rankAt } from '../../domain/ranking.js';
import { indexScore, readPlayerId, recordEnd } from './record.js';
import { RecordRow } from './record-row.js';

/** How many bytes of a change come before its record. */
const HEADER_LENGTH = 20;

/**
 * Reads the changes of one feed entry, as apply.lua packs them, and adds those after a revision to `into`.
 *
 * @param revisionBefore of the change before the first
 */
export function readChanges(
  settings: LeaderboardSettings,
  packed: Buffer,
  revisionBefore: number,
  afterRevision: number,
  into: RankingChange[],
): void {
  let revision = revisionBefore;
  for (let at = 0; at < packed.length; ) {
    revision += 1;
    const recordAt = at + HEADER_LENGTH;
    const end = recordEnd(packed, recordAt);
    if (revision > afterRevision) {
      const before = packed.readUInt32BE(at);
      const place = packed.readUInt32BE(at + 4);
      into.push({
        revision,
        playerId: readPlayerId(packed, recordAt),
        previousPlace: before,
        previousRank: rankAt(before),
        previousScore: indexScore(settings, packed.readDoubleBE(at + 12)),
        row: place === 0 ? undefined : new RecordRow(settings, place, packed, recordAt, end),
        totalPlayers: packed.readUInt32BE(at + 8),
      });
    }
    at = end;
  }
}
