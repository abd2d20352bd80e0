import type { Board } from '../../domain/board.js';
import type { BoardNo, LeaderboardId, RankingNo, SeasonNo } from '../../domain/ids.js';
import type { IndexMark, LifeId } from '../../domain/index-rules.js';
import type { Aggregation, LeaderboardSettings, SortOrder } from '../../domain/leaderboard.js';
import type { Ranking } from '../../domain/ranking.js';
import type { BoardStore } from '../../features/directory/ports.js';
import type { MarkChange, RankingStore } from '../../features/index/ports.js';
import type { Database } from './database.js';
import { SESSION_LOCKS } from './session-lock.js';
import { statement } from './sql-file.js';

const FIND_BOARD = statement('find_board');
const FIND_BY_NUMBERS = statement('find_rankings');
const CREATE = statement('create_leaderboard');
const GET_MARK = statement('get_mark');
const CHANGE_MARK = statement('change_mark');

interface RankingRow {
  ranking_no: string;
  board_no: string;
  season_no: string;
  leaderboard_id: string;
  aggregation: number;
  sort_order: number;
  subscore_sort_order: number;
}

/** Rankings and the marks of their indexes in PostgreSQL. */
export class PostgresRankingStore implements BoardStore, RankingStore {
  /** @param builds its connections hold a lock for as long as a build takes */
  constructor(
    private readonly database: Database,
    private readonly builds: Database,
  ) {}

  async findBoard(leaderboardId: LeaderboardId): Promise<Board | undefined> {
    const { rows } = await this.database.query<RankingRow>(FIND_BOARD, [leaderboardId]);
    const [first, ...others] = rows.map(toRanking);
    if (first === undefined) return undefined;
    const { boardNo, settings } = first;
    return { boardNo, leaderboardId, settings, rankings: [first, ...others] };
  }

  async findByNumbers(rankingNos: readonly RankingNo[]): Promise<Ranking[]> {
    const { rows } = await this.database.query<RankingRow>(FIND_BY_NUMBERS, [rankingNos]);
    return rows.map(toRanking);
  }

  async createDefault(leaderboardId: LeaderboardId, settings: LeaderboardSettings): Promise<Board> {
    // Another server may delete it between the two steps.
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await this.database.query(CREATE, [
        leaderboardId,
        '',
        settings.aggregation,
        settings.sortOrder,
        settings.subscoreSortOrder,
        null,
      ]);
      const board = await this.findBoard(leaderboardId);
      if (board !== undefined) return board;
    }
    throw new Error(`leaderboard ${leaderboardId} is deleted each time that it is made`);
  }

  async mark(rankingNo: RankingNo): Promise<IndexMark | undefined> {
    const { rows } = await this.database.query<{
      life_id: string | null;
      epoch: string;
      whole: boolean;
      settled_revision: string;
      doubtful: boolean;
    }>(GET_MARK, [rankingNo]);
    return rows.map((row) => ({
      life: (row.life_id ?? undefined) as LifeId | undefined,
      epoch: Number(row.epoch),
      whole: row.whole,
      settledRevision: Number(row.settled_revision),
      isDoubtful: row.doubtful,
    }))[0];
  }

  async changeMark(
    rankingNo: RankingNo,
    from: IndexMark,
    to: IndexMark & { readonly life: LifeId },
    options: { readonly ifSettledRevisionIsSame: boolean },
  ): Promise<MarkChange> {
    const { rows } = await this.database.query<{ changed: boolean; is_present: boolean }>(
      CHANGE_MARK,
      [
        rankingNo,
        from.life ?? null,
        from.epoch,
        from.whole,
        options.ifSettledRevisionIsSame ? from.settledRevision : null,
        to.life,
        to.epoch,
        to.whole,
        to.settledRevision,
      ],
    );
    const [row] = rows;
    if (row?.changed === true) return 'changed';
    return row?.is_present === true ? 'not as it was' : 'life over';
  }

  withBuildLock<T>(
    rankingNo: RankingNo,
    work: (lost: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    return this.builds.whileLocked(SESSION_LOCKS.build(rankingNo), work);
  }
}

function toRanking(row: RankingRow): Ranking {
  return {
    rankingNo: Number(row.ranking_no) as RankingNo,
    boardNo: Number(row.board_no) as BoardNo,
    seasonNo: Number(row.season_no) as SeasonNo,
    leaderboardId: row.leaderboard_id as LeaderboardId,
    settings: {
      aggregation: row.aggregation as Aggregation,
      sortOrder: row.sort_order as SortOrder,
      subscoreSortOrder: row.subscore_sort_order as SortOrder,
    },
  };
}
