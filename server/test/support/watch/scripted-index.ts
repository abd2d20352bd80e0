import type {
  BoardNo,
  LeaderboardId,
  PlayerId,
  RankingNo,
  SeasonNo,
} from '../../../src/domain/ids.js';
import { DEFAULT_SETTINGS } from '../../../src/domain/leaderboard.js';
import type {
  ChangePage,
  RankedRow,
  Ranking,
  RankingChange,
  RankingRead,
  RankingView,
} from '../../../src/domain/ranking.js';
import type { RankingIndexReader, RankingSignals } from '../../../src/features/reads/ports.js';
import { encodeStandingPayload } from '../../../src/wire/standing-payload-encoding.js';
import { makeEntry } from '../make-entry.ts';

export const RANKING: Ranking = {
  rankingNo: 7 as RankingNo,
  boardNo: 3 as BoardNo,
  seasonNo: 1 as SeasonNo,
  leaderboardId: 'board' as LeaderboardId,
  settings: DEFAULT_SETTINGS,
};

export function player(id: string): PlayerId {
  return id as PlayerId;
}

export function rowOf(place: number, playerId: string, score: number, displayName = ''): RankedRow {
  const payload = encodeStandingPayload(
    makeEntry({ playerId: player(playerId), displayName, score }),
  );
  return { place, rank: place, playerId: player(playerId), score, payload };
}

/** A row that looks into what was read only when asked, as the rows of the real index do. */
class LazyRow implements RankedRow {
  readonly place: number;
  readonly rank: number;
  readonly #row: RankedRow;

  constructor(row: RankedRow) {
    this.place = row.place;
    this.rank = row.rank;
    this.#row = row;
  }

  get playerId(): PlayerId {
    return this.#row.playerId;
  }

  get score(): number {
    return this.#row.score;
  }

  get payload(): Buffer {
    return this.#row.payload;
  }
}

/** A ranking index in memory whose state and availability the test decides. */
export class ScriptedIndex implements RankingIndexReader, RankingSignals {
  epoch = 1;
  revision = 0;
  oldestRevision = 0;
  /** Answers undefined, as while the index is away. */
  away = false;
  reads = 0;
  changeReads = 0;
  /** Each player's row, with no rank yet. */
  readonly #entries = new Map<PlayerId, RankedRow>();
  #changes: RankingChange[] = [];
  readonly #listeners = new Set<() => void>();

  get subscriptions(): number {
    return this.#listeners.size;
  }

  /** Sets a score and signals. */
  set(id: string, score: number): void {
    this.setSilently(id, score);
    this.signal();
  }

  setSilently(id: string, score: number): void {
    this.#change(player(id), () => this.#entries.set(player(id), rowOf(0, id, score)));
  }

  remove(id: string): void {
    this.#change(player(id), () => this.#entries.delete(player(id)));
    this.signal();
  }

  /** Notes a change that shows nowhere in the scores. */
  touch(): void {
    this.revision++;
    this.signal();
  }

  /** A new epoch, as after a rebuild; revisions go on. */
  rebuild(): void {
    this.epoch++;
    this.revision++;
    this.oldestRevision = this.revision;
    this.#changes = [];
    this.signal();
  }

  /** Forgets all changes up to a revision. */
  trim(upTo: number): void {
    this.oldestRevision = upTo;
    this.#changes = this.#changes.filter((change) => change.revision > upTo);
  }

  signal(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  rows(): RankedRow[] {
    return [...this.#entries.values()]
      .sort((a, b) => b.score - a.score || (a.playerId < b.playerId ? -1 : 1))
      .map((entry, i) => ({ ...entry, place: i + 1, rank: i + 1 }));
  }

  async tryRead(_ranking: Ranking, read: RankingRead): Promise<RankingView | undefined> {
    this.reads++;
    if (this.away) return undefined;
    const { epoch, revision } = this;
    const rows = this.rows();
    const selected = select(rows, read).map((row) => new LazyRow(row));
    return { rows: selected, totalPlayers: rows.length, revision, epoch };
  }

  async tryReadChanges(
    _ranking: Ranking,
    afterRevision: number,
    limit: number,
  ): Promise<ChangePage | undefined> {
    this.changeReads++;
    if (this.away) return undefined;
    const { epoch, revision, oldestRevision } = this;
    const changes = this.#changes.filter((change) => change.revision > afterRevision);
    return { epoch, revision, oldestRevision, changes: changes.slice(0, limit) };
  }

  subscribe(_ranking: Ranking, onSignal: () => void): () => void {
    this.#listeners.add(onSignal);
    return () => this.#listeners.delete(onSignal);
  }

  #change(playerId: PlayerId, apply: () => void): void {
    const before = this.rows().find((row) => row.playerId === playerId);
    apply();
    const rows = this.rows();
    this.#changes.push({
      revision: ++this.revision,
      playerId,
      previousPlace: before?.place ?? 0,
      previousRank: before?.rank ?? 0,
      previousScore: before?.score ?? 0,
      row: rows.find((row) => row.playerId === playerId),
      totalPlayers: rows.length,
    });
  }
}

function select(rows: RankedRow[], read: RankingRead): RankedRow[] {
  switch (read.kind) {
    case 'range':
      return rows.slice(read.start, read.start + read.count);
    case 'player':
      return rows.filter((row) => row.playerId === read.playerId);
    case 'players':
      return read.playerIds.flatMap((id) => rows.filter((row) => row.playerId === id));
    case 'around': {
      const at = rows.findIndex((row) => row.playerId === read.playerId);
      if (at === -1) return [];
      const last = Math.max(0, rows.length - read.count);
      const start = Math.min(Math.max(0, at - Math.floor(read.count / 2)), last);
      return rows.slice(start, start + read.count);
    }
    case 'aroundScore':
      return [];
  }
}
