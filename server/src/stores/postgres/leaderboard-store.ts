import type { LeaderboardId } from '../../domain/ids.js';
import type { Aggregation, SortOrder } from '../../domain/leaderboard.js';
import type {
  Leaderboard,
  LeaderboardConfig,
  LeaderboardPatch,
  LeaderboardStore,
  LeaderboardUpdated,
} from '../../features/leaderboards/ports.js';
import { type Database, sqlState } from './database.js';
import { statement } from './sql-file.js';

const CREATE = statement('create_leaderboard');
const FIND = statement('find_leaderboard');
const LIST = statement('list_leaderboards');
const UPDATE = statement('update_leaderboard');
const DELETE = statement('delete_leaderboard');

/** The outcomes of functions/update_leaderboard.sql. */
const OUTCOMES = ['missing', 'updated', 'notEmpty'] as const;

/** serialization_failure, deadlock_detected: nothing was changed. */
const CONFLICTS = new Set(['40001', '40P01']);
const MAX_ATTEMPTS = 5;

interface LeaderboardRow {
  leaderboard_id: string;
  display_name: string;
  aggregation: number;
  sort_order: number;
  subscore_sort_order: number;
  metadata: string | null;
  create_us: string;
  update_us: string;
}

/** Leaderboards in PostgreSQL. */
export class PostgresLeaderboardStore implements LeaderboardStore {
  /** @param changes for statements that may wait for locks */
  constructor(
    private readonly lookups: Database,
    private readonly changes: Database,
  ) {}

  create(leaderboardId: LeaderboardId, config: LeaderboardConfig): Promise<boolean> {
    return this.changes.value(CREATE, [
      leaderboardId,
      config.displayName,
      config.settings.aggregation,
      config.settings.sortOrder,
      config.settings.subscoreSortOrder,
      config.metadata,
    ]);
  }

  async find(leaderboardId: LeaderboardId): Promise<Leaderboard | undefined> {
    const { rows } = await this.lookups.query<LeaderboardRow>(FIND, [leaderboardId]);
    return rows[0] && toLeaderboard(rows[0]);
  }

  async list(afterId: string, limit: number): Promise<Leaderboard[]> {
    const { rows } = await this.lookups.query<LeaderboardRow>(LIST, [afterId, limit]);
    return rows.map(toLeaderboard);
  }

  async update(leaderboardId: LeaderboardId, patch: LeaderboardPatch): Promise<LeaderboardUpdated> {
    const { subscoreSortOrder } = patch;
    const outcome = await retried(() =>
      this.changes.value<number>(UPDATE, [
        leaderboardId,
        patch.displayName ?? null,
        patch.metadata !== undefined,
        patch.metadata ?? null,
        patch.aggregation ?? null,
        patch.sortOrder ?? null,
        subscoreSortOrder === 'asSortOrder' ? 0 : (subscoreSortOrder ?? null),
      ]),
    );
    return OUTCOMES[outcome] as LeaderboardUpdated;
  }

  delete(leaderboardId: LeaderboardId): Promise<boolean> {
    return retried(() => this.changes.value<boolean>(DELETE, [leaderboardId]));
  }
}

async function retried<T>(change: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change();
    } catch (error) {
      if (!CONFLICTS.has(sqlState(error) ?? '') || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

function toLeaderboard(row: LeaderboardRow): Leaderboard {
  return {
    leaderboardId: row.leaderboard_id as LeaderboardId,
    displayName: row.display_name,
    settings: {
      aggregation: row.aggregation as Aggregation,
      sortOrder: row.sort_order as SortOrder,
      subscoreSortOrder: row.subscore_sort_order as SortOrder,
    },
    metadata: row.metadata,
    createUs: Number(row.create_us),
    updateUs: Number(row.update_us),
  };
}
