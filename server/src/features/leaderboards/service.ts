import { leaderboardNotFound, RostrumError } from '../../domain/errors.js';
import type { LeaderboardId } from '../../domain/ids.js';
import type {
  Leaderboard,
  LeaderboardConfig,
  LeaderboardPatch,
  LeaderboardStore,
} from './ports.js';
import { lastIdOf, tokenAfter } from './wire/page-token.js';

/** Metadata of one page, in characters: clients take messages of 4 MiB. */
const MAX_PAGE_METADATA = 1024 * 1024;

/** Manages the configuration of leaderboards. Every method may throw STORE_UNAVAILABLE. */
export class LeaderboardService {
  /** @param noteChanged told of a leaderboard that others may remember as it was */
  constructor(
    private readonly store: LeaderboardStore,
    private readonly noteChanged: (leaderboardId: LeaderboardId) => void,
  ) {}

  /** @throws LEADERBOARD_ALREADY_EXISTS */
  async create(leaderboardId: LeaderboardId, config: LeaderboardConfig): Promise<Leaderboard> {
    const created = await this.store.create(leaderboardId, config);
    if (!created) throw leaderboardAlreadyExists(leaderboardId);
    this.noteChanged(leaderboardId);
    return this.get(leaderboardId);
  }

  /** @throws LEADERBOARD_NOT_FOUND */
  async get(leaderboardId: LeaderboardId): Promise<Leaderboard> {
    const leaderboard = await this.store.find(leaderboardId);
    if (leaderboard === undefined) throw leaderboardNotFound(leaderboardId);
    return leaderboard;
  }

  /** @param pageToken empty for the first page @throws INVALID_PAGE_TOKEN */
  async list(
    pageSize: number,
    pageToken: string,
  ): Promise<{ leaderboards: readonly Leaderboard[]; nextPageToken: string }> {
    const after = pageToken === '' ? '' : lastIdOf(pageToken);
    const found = await this.store.list(after, pageSize + 1);
    const leaderboards = found.slice(0, Math.min(pageSize, fittingCount(found)));
    const last = leaderboards.at(-1);
    const more = found.length > leaderboards.length && last !== undefined;
    return { leaderboards, nextPageToken: more ? tokenAfter(last.leaderboardId) : '' };
  }

  /** @throws LEADERBOARD_NOT_FOUND, LEADERBOARD_NOT_EMPTY */
  async update(leaderboardId: LeaderboardId, patch: LeaderboardPatch): Promise<Leaderboard> {
    switch (await this.store.update(leaderboardId, patch)) {
      case 'missing':
        throw leaderboardNotFound(leaderboardId);
      case 'notEmpty':
        throw leaderboardNotEmpty(leaderboardId);
      case 'updated':
        this.noteChanged(leaderboardId);
        return this.get(leaderboardId);
    }
  }

  /** @throws LEADERBOARD_NOT_FOUND */
  async delete(leaderboardId: LeaderboardId): Promise<void> {
    const found = await this.store.delete(leaderboardId);
    this.noteChanged(leaderboardId);
    if (!found) throw leaderboardNotFound(leaderboardId);
  }
}

/** How many of these fit into one answer; at least one. */
function fittingCount(leaderboards: readonly Leaderboard[]): number {
  let metadata = 0;
  const first = leaderboards.findIndex((leaderboard) => {
    metadata += leaderboard.metadata?.length ?? 0;
    return metadata > MAX_PAGE_METADATA;
  });
  return first === -1 ? leaderboards.length : Math.max(first, 1);
}

function leaderboardAlreadyExists(leaderboardId: LeaderboardId): RostrumError {
  return new RostrumError(
    'LEADERBOARD_ALREADY_EXISTS',
    `there is a leaderboard ${leaderboardId} already`,
    { metadata: { leaderboard_id: leaderboardId } },
  );
}

function leaderboardNotEmpty(leaderboardId: LeaderboardId): RostrumError {
  return new RostrumError(
    'LEADERBOARD_NOT_EMPTY',
    `leaderboard ${leaderboardId} has entries: sort_order, subscore_sort_order and aggregation ` +
      'can change only while it has none; nothing was changed',
    { metadata: { leaderboard_id: leaderboardId } },
  );
}
