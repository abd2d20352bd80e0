import type { PlayerId } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
import type { IndexInspection } from '../../features/index/ports.js';
import {
  indexScore,
  isRecordOf,
  payloadStart,
  readScore,
  readTieBreak,
  readVersion,
} from './record.js';

/** Stands for bytes that are no record of the player. */
const NO_RECORD = {
  score: Number.NaN,
  version: Number.NaN,
  payload: Buffer.alloc(0),
  placed: false,
};

/** Reads what inspect.lua shows of one player. */
export function toInspection(
  { settings }: Ranking,
  playerId: PlayerId,
  record: Buffer,
  placedScore: Buffer,
): IndexInspection {
  if (record.length === 0) return { playerId, found: undefined };
  const tieBreak = readTieBreak(settings, record);
  if (!isRecordOf(record, playerId)) {
    return { playerId, found: { ...NO_RECORD, ...tieBreak } };
  }
  const score = readScore(settings, record, 0);
  const version = readVersion(record, 0);
  const payload = record.subarray(payloadStart(record, 0));
  const placed = placedScore.length > 0 && indexScore(settings, Number(placedScore)) === score;
  return { playerId, found: { score, version, payload, placed, ...tieBreak } };
}
