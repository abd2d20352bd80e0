import { setTimeout as delay } from 'node:timers/promises';
import type { RankingNo } from '../../domain/ids.js';
import type { Log } from '../../domain/log.js';
import type { Ranking } from '../../domain/ranking.js';
import type { IndexTrust } from './index-trust.js';
import {
  type IndexFiller,
  type IndexMark,
  type IndexState,
  IndexUnavailable,
  type RankingIndex,
  type RankingStore,
} from './ports.js';

/** Rankings that one process builds at a time; taking one over is quick and needs no slot. */
const MAX_BUILDING = 2;
/** How often to look whether another process has finished building. */
const OTHER_BUILD_MS = 100;
/**
 * How far the epoch of an index that is taken over is ahead: even, because it stays on its side, and more
 * than builds can add in the time that confirmations wait (see 0004_outbox.sql).
 */
const TAKE_OVER_STEP = 1000;
/**
 * How far revisions jump where some that watchers have seen may be lost: more than can be made in the
 * moments before a revision is settled, or before Redis has it on its disk.
 */
const REVISION_GAP = 2 ** 24;

export interface BuildProgress {
  readonly built: number;
}

/**
 * Checks that the index of a ranking is whole, and builds it anew beside the old one when not.
 *
 * While a new index is being built, submissions go to both (see apply.lua); so after one pass over
 * the entries the new one has everything, and it is swapped in.
 */
export class IndexBuilder {
  readonly #index: RankingIndex;
  readonly #rankings: RankingStore;
  readonly #filler: IndexFiller;
  readonly #trust: IndexTrust;
  readonly #log: Log;
  readonly #checks = new Map<RankingNo, Promise<boolean>>();
  readonly #builds = new Map<RankingNo, Promise<void>>();
  readonly #waitingForSlot: (() => void)[] = [];
  #building = 0;

  constructor(parts: {
    index: RankingIndex;
    rankings: RankingStore;
    filler: IndexFiller;
    trust: IndexTrust;
    log: Log;
  }) {
    this.#index = parts.index;
    this.#rankings = parts.rankings;
    this.#filler = parts.filler;
    this.#trust = parts.trust;
    this.#log = parts.log;
  }

  /** How many rankings this process is building now. */
  get building(): number {
    return this.#building;
  }

  /**
   * Finds out whether the index of a ranking is whole, and trusts it then; begins to build it
   * otherwise. Returns whether it is trusted now. Fails only as the stores do.
   *
   * @param damagedEpoch an epoch that was found damaged
   */
  check(ranking: Ranking, damagedEpoch?: number): Promise<boolean> {
    const running = this.#checks.get(ranking.rankingNo);
    if (running !== undefined) return running;
    const check = this.#check(ranking, damagedEpoch).finally(() =>
      this.#checks.delete(ranking.rankingNo),
    );
    this.#checks.set(ranking.rankingNo, check);
    return check;
  }

  /** Resolves when no build of the ranking is running in this process. */
  async whenBuilt(ranking: Ranking): Promise<void> {
    await this.#builds.get(ranking.rankingNo);
  }

  /**
   * Builds the index anew even if it is whole; reads stay on the old one meanwhile. If another
   * process is building it, waits for that and then builds.
   *
   * @throws STORE_UNAVAILABLE, IndexUnavailable
   */
  async rebuild(ranking: Ranking, onProgress: (progress: BuildProgress) => void): Promise<void> {
    await this.#inSlot(() =>
      this.#locked(ranking, async () => {
        const [mark, state] = await this.#compare(ranking);
        if (mark !== undefined) {
          await this.#build(ranking, mark, this.#isCurrent(mark, state), onProgress);
        }
      }),
    );
  }

  /**
   * Removes the index of a ranking that is no more. False if it is being built right now, perhaps
   * by another process: try again later.
   *
   * @throws STORE_UNAVAILABLE, IndexUnavailable
   */
  async remove(rankingNo: RankingNo): Promise<boolean> {
    this.#trust.forget(rankingNo);
    const done = await this.#rankings.withBuildLock(rankingNo, async () => {
      await this.#index.remove(rankingNo);
      return true;
    });
    return done ?? false;
  }

  async #check(ranking: Ranking, damagedEpoch: number | undefined): Promise<boolean> {
    const [mark, state] = await this.#compare(ranking);
    if (mark === undefined) return false;
    if (this.#isCurrent(mark, state) && mark.epoch !== damagedEpoch) {
      this.#trust.trust(ranking.rankingNo, mark.epoch);
      return true;
    }
    this.#startBuild(ranking, damagedEpoch);
    return false;
  }

  #startBuild(ranking: Ranking, damagedEpoch: number | undefined): void {
    if (this.#builds.has(ranking.rankingNo)) return;
    const build = this.#buildUnlessWhole(ranking, damagedEpoch)
      .catch((error) => {
        // The next read or submission of the ranking begins again.
        this.#log.warn({ err: error, ranking: ranking.leaderboardId }, 'index build failed');
      })
      .finally(() => this.#builds.delete(ranking.rankingNo));
    this.#builds.set(ranking.rankingNo, build);
  }

  /** Takes over the index of a ranking, or builds it, or finds that another process has done it. */
  async #buildUnlessWhole(ranking: Ranking, damagedEpoch: number | undefined): Promise<void> {
    const mend = async (mayBuild: boolean): Promise<'mended' | 'must be built'> => {
      const [mark, state] = await this.#compare(ranking);
      if (mark === undefined) return 'mended';
      if (!isWhole(mark, state) || mark.epoch === damagedEpoch) {
        if (!mayBuild) return 'must be built';
        await this.#build(ranking, mark, false, () => {});
      } else if (this.#isCurrent(mark, state)) {
        this.#trust.trust(ranking.rankingNo, mark.epoch);
      } else {
        await this.#adopt(ranking, mark);
      }
      return 'mended';
    };
    // Taking over is a matter of moments and must not wait behind builds.
    if ((await this.#locked(ranking, () => mend(false))) === 'mended') return;
    await this.#inSlot(() => this.#locked(ranking, () => mend(true)));
  }

  /** Runs `work` under the build lock of a ranking, after any other process that has it. */
  async #locked<T>(ranking: Ranking, work: () => Promise<T>): Promise<T> {
    for (;;) {
      const done = await this.#rankings.withBuildLock(ranking.rankingNo, async () => ({
        result: await work(),
      }));
      if (done !== undefined) return done.result;
      await delay(OTHER_BUILD_MS);
    }
  }

  /** Runs `work` when fewer than the allowed number of rankings are being built. */
  async #inSlot<T>(work: () => Promise<T>): Promise<T> {
    while (this.#building >= MAX_BUILDING) {
      await new Promise<void>((resolve) => this.#waitingForSlot.push(resolve));
    }
    this.#building += 1;
    try {
      return await work();
    } finally {
      this.#building -= 1;
      this.#waitingForSlot.shift()?.();
    }
  }

  /** The mark first: it is raised only after the index, so a whole index is never behind it. */
  async #compare(ranking: Ranking): Promise<[IndexMark | undefined, IndexState]> {
    const mark = await this.#rankings.mark(ranking.rankingNo);
    return [mark, await this.#index.state(ranking)];
  }

  /** Whole, and of the present life of the index: nothing that was told of it can have been lost. */
  #isCurrent(mark: IndexMark, state: IndexState): boolean {
    return isWhole(mark, state) && state.incarnation === this.#index.incarnation;
  }

  /**
   * Takes over an index that is whole but from before a restart. It may have lost changes that are
   * still in the outbox and were seen by watchers. A new epoch tells them, and ends what the old one
   * had confirmed. Call it only with the build lock.
   */
  async #adopt(ranking: Ranking, mark: IndexMark): Promise<void> {
    const epoch = mark.epoch + TAKE_OVER_STEP;
    // The mark first. If the index does not follow, it will be found not whole.
    if (!(await this.#rankings.advanceEpoch(ranking.rankingNo, mark, epoch))) return;
    if (!(await this.#index.adopt(ranking, mark.epoch, epoch, REVISION_GAP))) return;
    this.#trust.trust(ranking.rankingNo, epoch);
    this.#log.info({ leaderboard: ranking.leaderboardId, epoch }, 'index taken over');
  }

  /** Call it only with the build lock. @param keep whether the present index may serve meanwhile */
  async #build(
    ranking: Ranking,
    mark: IndexMark,
    keep: boolean,
    onProgress: (progress: BuildProgress) => void,
  ): Promise<void> {
    const start = performance.now();
    const epoch = mark.epoch + 1;
    const build = await this.#index.beginBuild(ranking, keep ? mark.epoch : -1, epoch);
    const built = await this.#filler.fill(ranking, build, (filled) =>
      onProgress({ built: filled }),
    );
    const floor = mark.settledRevision + (keep || mark.epoch === 0 ? 0 : REVISION_GAP);
    const revision = await this.#index.swap(ranking, build, built, floor);
    if (revision === undefined) throw new IndexUnavailable('the index lost what was built');
    const newMark = { epoch, settledRevision: revision };
    if (!(await this.#rankings.setMark(ranking.rankingNo, mark.epoch, newMark))) {
      throw new Error('another process built it meanwhile');
    }
    this.#trust.trust(ranking.rankingNo, epoch);
    const ms = Math.round(performance.now() - start);
    this.#log.info(
      { leaderboard: ranking.leaderboardId, epoch, entries: built, ms },
      'index built',
    );
  }
}

function isWhole(mark: IndexMark, state: IndexState): boolean {
  return mark.epoch > 0 && state.epoch === mark.epoch && state.revision >= mark.settledRevision;
}
