import { rankAt } from '../../domain/ranking.js';
import type { IndexPlace } from '../../features/index/ports.js';
import { Had } from './layout.js';

/** How many bytes there are for each record. */
const PLACE_LENGTH = 29;

/** Reads the `places` of apply.lua. */
export function readPlaces(packed: Buffer): IndexPlace[] {
  const places: IndexPlace[] = [];
  for (let at = 0; at < packed.length; at += PLACE_LENGTH) {
    const before = packed.readUInt32BE(at + 1);
    places.push({
      had: hadBefore(packed[at] as number, before),
      previousRank: rankAt(before),
      previousVersion: packed.readDoubleBE(at + 21),
      rank: rankAt(packed.readUInt32BE(at + 5)),
      totalPlayers: packed.readUInt32BE(at + 9),
      revision: packed.readDoubleBE(at + 13),
    });
  }
  return places;
}

function hadBefore(had: number, placeBefore: number): IndexPlace['had'] {
  switch (had) {
    case Had.OLDER:
      return placeBefore === 0 ? 'none' : 'older';
    case Had.SAME:
      return 'same';
    default:
      return 'newer';
  }
}
