import type { Entry } from '../../domain/entry.js';
import { direction } from '../../domain/order.js';
import type { Ranking, RankingRead } from '../../domain/ranking.js';
import type { StoreView } from '../../features/reads/ports.js';
import { idArray, numberArray } from './array-literal.js';
import type { Database } from './database.js';
import { type EntryRow, toEntry } from './entry-row.js';
import { rangesOf } from './places.js';
import { playersOf } from './ranking-pass.js';
import { statementForValues } from './sql-file.js';

const READ_SORTED = statementForValues('read_sorted');

/** A read that names the players or the places of its rows. */
type DirectRead = Extract<RankingRead, { kind: 'range' | 'player' | 'players' }>;

export function isDirect(read: RankingRead): read is DirectRead {
  return read.kind === 'range' || read.kind === 'player' || read.kind === 'players';
}

type PlacedRow = { total: string } & ((EntryRow & { place: string }) | { place: null });

/** Answers direct reads of a small ranking, all by one statement. */
export async function readSorted(
  database: Database,
  { rankingNo, settings }: Ranking,
  reads: readonly DirectRead[],
): Promise<StoreView[]> {
  const windows = reads.flatMap((read) =>
    read.kind === 'range' ? [{ start: read.start, end: read.start + read.count }] : [],
  );
  const { rows } = await database.query<PlacedRow>(READ_SORTED, [
    rankingNo,
    direction(settings.sortOrder),
    direction(settings.subscoreSortOrder),
    idArray([...new Set(reads.flatMap(playersOf))]),
    numberArray(rangesOf(windows, []).places),
  ]);
  const totalPlayers = Number(rows[0]?.total);
  const placed = rows
    .flatMap((row) =>
      row.place === null ? [] : [{ place: Number(row.place) + 1, entry: toEntry(row) }],
    )
    .sort((a, b) => a.place - b.place);
  return reads.map((read) => ({ totalPlayers, rows: placed.filter(chosenBy(read)) }));
}

function chosenBy(read: DirectRead): (row: { place: number; entry: Entry }) => boolean {
  if (read.kind === 'range') {
    return ({ place }) => place > read.start && place <= read.start + read.count;
  }
  const players = new Set<string>(playersOf(read));
  return ({ entry }) => players.has(entry.playerId);
}
