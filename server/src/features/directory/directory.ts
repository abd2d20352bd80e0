import { isDeepStrictEqual } from 'node:util';
import type { Board } from '../../domain/board.js';
import { BoundedMap } from '../../domain/bounded-map.js';
import type { Caller } from '../../domain/caller.js';
import {
  invalidField,
  leaderboardNotFound,
  notSupported,
  RostrumError,
} from '../../domain/errors.js';
import { type LeaderboardId, parseLeaderboardId } from '../../domain/ids.js';
import type { LeaderboardSettings } from '../../domain/leaderboard.js';
import type { Ranking, RankingSelector } from '../../domain/ranking.js';
import { within } from '../../within.js';
import { BoardCreation } from './board-creation.js';
import type { BoardStore, RankingDirectory } from './ports.js';

/** After this long a leaderboard is looked up again, while reads go on with what is known. */
const FRESH_MS = 1000;
/** After this long reads wait for the look-up. */
const STALE_MS = 10_000;
/**
 * How long they wait at most, in milliseconds. They do not wait while the store of record does not answer:
 * then nobody can have changed the leaderboard and told this server.
 */
const LOOK_UP_MS = 250;
const MAX_KNOWN = 100_000;

/** The one season that every leaderboard has today. */
const ONLY_SEASON = '1';

/**
 * Finds boards and their rankings, and remembers them for a moment.
 *
 * A leaderboard that another server process deleted may be seen by reads for a second more; a
 * submission is always decided by the store of record.
 */
export class Directory implements RankingDirectory {
  readonly #known = new BoundedMap<LeaderboardId, { board: Board; sinceMs: number }>(MAX_KNOWN);
  readonly #creation = new BoardCreation();
  readonly #creating = new Map<LeaderboardId, Promise<Board>>();
  readonly #finding = new Map<LeaderboardId, Promise<Board | undefined>>();
  /** Whether the last look-up was not answered in time. */
  #storeAway = false;

  /**
   * @param mayCreate whether a submission to an unknown leaderboard creates it
   * @param prepare makes a ranking ready for its first submission, if it is new; does not fail
   */
  constructor(
    private readonly boards: BoardStore,
    private readonly mayCreate: boolean,
    private readonly prepare: (ranking: Ranking) => Promise<void>,
  ) {}

  /** The board as it was when last looked up; it may have been deleted or changed since. */
  known(leaderboardId: LeaderboardId): Board | undefined {
    // Nobody overtakes those who wait for it to be prepared.
    if (this.#creating.size > 0 && this.#creating.has(leaderboardId)) return undefined;
    return this.#known.get(leaderboardId)?.board;
  }

  resolve(selector: RankingSelector, caller?: Caller): Ranking | Promise<Ranking> {
    checkSeasonAndSegment(selector);
    const leaderboardId = selector.leaderboardId as LeaderboardId;
    const known = this.#recent(leaderboardId);
    return known === undefined ? this.#require(selector, caller) : known.rankings[0];
  }

  async #require({ leaderboardId }: RankingSelector, caller?: Caller): Promise<Ranking> {
    const id = parseLeaderboardId(leaderboardId);
    // Only unknown ids wait their turn: nobody can make more of them known than there are leaderboards.
    const board = await (caller === undefined || this.#known.has(id)
      ? this.#findInTime(id)
      : this.#creation.lookUp(caller, () => this.#find(id)));
    if (board === undefined) throw leaderboardNotFound(leaderboardId);
    return board.rankings[0];
  }

  /**
   * Finds the board that submissions to a leaderboard go to; makes it with `settings` if there is none and
   * that is allowed.
   *
   * @throws LEADERBOARD_NOT_FOUND, STORE_UNAVAILABLE, OVERLOADED
   */
  findOrCreate(
    leaderboardId: LeaderboardId,
    settings: LeaderboardSettings,
    caller: Caller,
  ): Promise<Board> {
    // One look-up for all who ask meanwhile; they go on in the order in which they asked.
    return this.#creating.getOrInsertComputed(leaderboardId, () =>
      this.#findOrCreate(leaderboardId, settings, caller).finally(() =>
        this.#creating.delete(leaderboardId),
      ),
    );
  }

  async #findOrCreate(
    leaderboardId: LeaderboardId,
    settings: LeaderboardSettings,
    caller: Caller,
  ): Promise<Board> {
    let board = await this.#creation.lookUp(caller, () => this.#find(leaderboardId));
    if (board === undefined) {
      if (!this.mayCreate) throw leaderboardNotFound(leaderboardId);
      board = await this.#creation.create(caller, () =>
        this.boards.createDefault(leaderboardId, settings),
      );
      this.#remember(board);
    }
    await Promise.all(board.rankings.map(this.prepare));
    return board;
  }

  /** Forgets a leaderboard that was changed or deleted, and what a look-up under way may find. */
  forget(leaderboardId: LeaderboardId): void {
    this.#known.delete(leaderboardId);
    this.#finding.delete(leaderboardId);
  }

  #recent(leaderboardId: LeaderboardId): Board | undefined {
    const known = this.#known.get(leaderboardId);
    if (known === undefined) return undefined;
    const ageMs = performance.now() - known.sinceMs;
    if (ageMs > FRESH_MS) this.#find(leaderboardId).catch(() => {});
    return ageMs <= STALE_MS || this.#storeAway ? known.board : undefined;
  }

  /** The answer of a look-up; what is known, if that takes too long. */
  async #findInTime(leaderboardId: LeaderboardId): Promise<Board | undefined> {
    const known = this.#known.get(leaderboardId)?.board;
    if (known === undefined) return this.#find(leaderboardId);
    const answer = await within(LOOK_UP_MS, this.#find(leaderboardId), 'no answer');
    if (answer !== 'no answer') return answer;
    this.#storeAway = true;
    return known;
  }

  /** Many callers that ask at the same time make one query. */
  #find(leaderboardId: LeaderboardId): Promise<Board | undefined> {
    const running = this.#finding.get(leaderboardId);
    if (running !== undefined) return running;
    const isCurrent = (): boolean => this.#finding.get(leaderboardId) === finding;
    const finding: Promise<Board | undefined> = this.boards
      .findBoard(leaderboardId)
      .then(
        (board) => {
          this.#storeAway = false;
          if (!isCurrent()) return board;
          if (board === undefined) this.#known.delete(leaderboardId);
          else this.#remember(board);
          return board;
        },
        (error: unknown) => {
          this.#storeAway = true;
          // While the store of record is away, what was known last still holds.
          const known = this.#known.get(leaderboardId);
          if (known === undefined) throw error;
          return known.board;
        },
      )
      .finally(() => {
        if (isCurrent()) this.#finding.delete(leaderboardId);
      });
    this.#finding.set(leaderboardId, finding);
    return finding;
  }

  #remember(board: Board): void {
    const { leaderboardId } = board;
    // The same objects as before if nothing changed: others recognise a ranking by its object.
    const before = this.#known.get(leaderboardId)?.board;
    const same = before !== undefined && isDeepStrictEqual(before, board) ? before : board;
    this.#known.set(leaderboardId, { board: same, sinceMs: performance.now() });
  }
}

function checkSeasonAndSegment({ seasonId, segment }: RankingSelector): void {
  if (seasonId !== '' && seasonId !== ONLY_SEASON) {
    throw new RostrumError('SEASON_NOT_FOUND', `there is no season ${JSON.stringify(seasonId)}`, {
      metadata: { season_id: seasonId.slice(0, 128) },
    });
  }
  // Tools that fill in every field send an empty one.
  if (segment === undefined || (segment.key === '' && segment.value === '')) return;
  if (segment.key === '')
    throw invalidField('segment.key', 'must not be empty; leave out segment for the whole board');
  throw notSupported(
    'segment',
    'segments are planned and not supported yet; leave it out for the whole board',
  );
}
