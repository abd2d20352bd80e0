import type { Entry } from '../../src/domain/entry.js';
import type { PlayerId, RankingNo } from '../../src/domain/ids.js';

/** An entry of which a test names what it is about. */
export function makeEntry(fields: Partial<Entry>): Entry {
  return {
    rankingNo: 1 as RankingNo,
    playerId: 'p' as PlayerId,
    score: 0,
    subscore: 0,
    reached: 1,
    version: 1,
    submissions: 1,
    achievedUs: 0,
    updateUs: 0,
    displayName: '',
    metadata: null,
    ranked: true,
    ...fields,
  };
}
