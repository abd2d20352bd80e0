import type { PlayerId } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
import type { IndexInspection } from '../../features/index/ports.js';
import { indexScore, isRecordOf, readPlace, readRecord } from './record.js';

/** Stands for a record that is none. */
const UNREADABLE = { score: Number.NaN, version: Number.NaN, payload: Buffer.alloc(0) };

/** Reads what inspect.lua shows of one player. */
export function toInspection(
  ranking: Ranking,
  playerId: PlayerId,
  record: Buffer,
  placedScore: Buffer,
): IndexInspection {
  if (record.length === 0) return { playerId, found: undefined };
  const { settings } = ranking;
  const parts = isRecordOf(record, playerId) ? readRecord(settings, record) : UNREADABLE;
  const { score, version, payload } = parts;
  const place = readPlace(settings, record);
  const placed = placedScore.length > 0 && indexScore(settings, Number(placedScore)) === score;
  return { playerId, found: { score, version, payload, placed, ...place } };
}
