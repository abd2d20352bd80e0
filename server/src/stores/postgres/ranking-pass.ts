import type pg from 'pg';
import type { Entry } from '../../domain/entry.js';
import { direction } from '../../domain/order.js';
import type { Ranking, RankingRead } from '../../domain/ranking.js';
import type { StoreView } from '../../features/reads/ports.js';
import { idArray, numberArray } from './array-literal.js';
import { type EntryRow, toEntry } from './entry-row.js';
import { type Fence, rangesOf, type Window } from './places.js';
import { type Point, stepsOf } from './points.js';
import { type Statement, statementForValues } from './sql-file.js';

const FIND_PLAYERS = statementForValues('find_players');
const COUNT_ABOVE = statementForValues('count_above');
const LIST_PLACES = statementForValues('list_places');
const SAMPLE_SCORES = statementForValues('sample_scores');

/** A ranking with up to this many entries is sorted as a whole. */
const SORTED_WHOLE = 10_000;
/** About how many scores of a larger one are fences. */
const FENCES = 500;

/** Scores that divide a large ranking into parts of similar size. Any scores give exact answers. */
export type Outline = readonly number[];

/**
 * Answers several reads of one ranking from one snapshot, with a fixed number of statements: one pass over
 * the ranking counts the places of all players who are asked for, and the rows at places are found by
 * sorting only what lies between two fences.
 */
export class RankingPass {
  readonly #scoreFactor: 1 | -1;
  readonly #subscoreFactor: 1 | -1;

  /**
   * @param client in a transaction with one snapshot
   * @param outline of an earlier pass; afterwards the one that this pass used, if any
   */
  constructor(
    private readonly client: pg.PoolClient,
    private readonly ranking: Ranking,
    public outline: Outline | undefined,
  ) {
    this.#scoreFactor = direction(ranking.settings.sortOrder);
    this.#subscoreFactor = direction(ranking.settings.subscoreSortOrder);
  }

  /** The answers, in the order of the reads. */
  async answer(reads: readonly RankingRead[]): Promise<StoreView[]> {
    const named = await this.#find(reads.flatMap(playersOf));
    const points: Point[] = [{ kind: 'end' }];
    const entryPoints = new Map<string, number>();
    const scorePoints = new Map<number, number>();
    for (const entry of named.values()) {
      entryPoints.set(entry.playerId, points.push(this.#pointOf(entry)) - 1);
    }
    for (const read of reads) {
      if (read.kind !== 'aroundScore' || scorePoints.has(read.score)) continue;
      const score = read.score * this.#scoreFactor;
      scorePoints.set(read.score, points.push({ kind: 'belowScore', score }) - 1);
    }
    const hasWindows = reads.some(({ kind }) => kind !== 'player' && kind !== 'players');
    let { above, fences } = await this.#count(points, hasWindows);
    const total = above[0] as number;
    if (hasWindows && this.outline === undefined && total > SORTED_WHOLE) {
      this.outline = await this.#sample(FENCES / total);
      ({ above, fences } = await this.#count(points, true));
    }

    const placeOf = (playerId: string): number | undefined => {
      const point = entryPoints.get(playerId);
      return point === undefined ? undefined : above[point];
    };
    const windowOf = (read: RankingRead): Window => {
      switch (read.kind) {
        case 'player':
        case 'players':
          return { start: 0, end: 0 };
        case 'range':
          return { start: read.start, end: Math.min(read.start + read.count, total) };
        case 'around':
          return around(placeOf(read.playerId), read.count, total);
        case 'aroundScore':
          return around(above[scorePoints.get(read.score) as number], read.count, total);
      }
    };
    const windows = reads.map(windowOf);
    const atPlaces = await this.#list(windows, fences);
    return reads.map((read, index) => {
      if (read.kind === 'player' || read.kind === 'players') {
        const found = [...new Set(playersOf(read))].flatMap((playerId) => {
          const entry = named.get(playerId);
          return entry === undefined ? [] : [{ place: (placeOf(playerId) as number) + 1, entry }];
        });
        return { rows: found.sort((a, b) => a.place - b.place), totalPlayers: total };
      }
      const { start, end } = windows[index] as Window;
      const places = Array.from({ length: Math.max(end - start, 0) }, (_, step) => start + step);
      const rows = places.map((place) => ({
        place: place + 1,
        entry: atPlaces.get(place) as Entry,
      }));
      return { rows, totalPlayers: total };
    });
  }

  #pointOf({ score, subscore, reached }: Entry): Point {
    return {
      kind: 'entry',
      score: score * this.#scoreFactor,
      subscore: subscore * this.#subscoreFactor,
      reached,
    };
  }

  /** How many entries stand above each point, and above each score of the outline if `withFences`. */
  async #count(
    points: readonly Point[],
    withFences: boolean,
  ): Promise<{ above: number[]; fences: Fence[] }> {
    const outline = withFences ? (this.outline ?? []) : [];
    const steps = stepsOf([
      ...points,
      ...outline.map((score) => ({ kind: 'aboveScore', score }) as const),
    ]);
    const [row] = await this.#query<{ above: string }>(COUNT_ABOVE, [
      this.#scoreFactor,
      this.#subscoreFactor,
      numberArray(steps.scores),
      numberArray(steps.subscores),
      numberArray(steps.reached),
      numberArray(steps.scoreSteps),
      numberArray(steps.tieSteps),
    ]);
    const counts = (row?.above ?? '').split(',').map(Number);
    return {
      above: counts,
      fences: outline.map((score, index) => ({
        score,
        above: counts[points.length + index] as number,
      })),
    };
  }

  async #sample(share: number): Promise<Outline> {
    const [row] = await this.#query<{ scores: number[] | null }>(SAMPLE_SCORES, [
      this.#scoreFactor,
      share,
    ]);
    return row?.scores ?? [];
  }

  /** The entries at all places of the windows. */
  async #list(
    windows: readonly Window[],
    fences: readonly Fence[],
  ): Promise<ReadonlyMap<number, Entry>> {
    const ranges = rangesOf(windows, fences);
    if (ranges.places.length === 0) return new Map();
    const listed = await this.#query<{ place: string; player_id: string }>(LIST_PLACES, [
      this.#scoreFactor,
      this.#subscoreFactor,
      numberArray(ranges.scores),
      numberArray(ranges.above),
      numberArray(ranges.places),
    ]);
    const entries = await this.#find(listed.map((row) => row.player_id));
    return new Map(
      listed.map((row) => [Number(row.place), entries.get(row.player_id) as Entry] as const),
    );
  }

  async #find(playerIds: readonly string[]): Promise<ReadonlyMap<string, Entry>> {
    if (playerIds.length === 0) return new Map();
    const rows = await this.#query<EntryRow>(FIND_PLAYERS, [idArray([...new Set(playerIds)])]);
    return new Map(rows.map((row) => [row.player_id, toEntry(row)] as const));
  }

  async #query<Row extends pg.QueryResultRow>(
    { text }: Statement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    const all = [this.ranking.rankingNo, ...values];
    return (await this.client.query<Row>({ text, values: all })).rows;
  }
}

/** The players that a read names. */
export function playersOf(read: RankingRead): readonly string[] {
  switch (read.kind) {
    case 'player':
    case 'around':
      return [read.playerId];
    case 'players':
      return read.playerIds;
    case 'range':
    case 'aroundScore':
      return [];
  }
}

/** A full window around a place where the ranking has that many; none around no place. */
function around(place: number | undefined, count: number, total: number): Window {
  if (place === undefined) return { start: 0, end: 0 };
  const start = Math.max(Math.min(place - Math.floor(count / 2), total - count), 0);
  return { start, end: Math.min(start + count, total) };
}
