import { setTimeout as delay } from 'node:timers/promises';
import type { RankingNo } from '../../domain/ids.js';
import { assess, type IndexMark, type LifeId, type Tenure } from '../../domain/index-rules.js';
import type { Log } from '../../domain/log.js';
import type { Ranking } from '../../domain/ranking.js';
import { within } from '../../within.js';
import { BuildSlots } from './build-slots.js';
import type { IndexTrust } from './index-trust.js';
import {
  type EntryStore,
  type FoundIndex,
  type IndexCheck,
  type IndexFiller,
  IndexUnavailable,
  type RankingIndex,
  type RankingStore,
} from './ports.js';

/** How often to look whether another process has finished building. */
const OTHER_BUILD_MS = 100;
/** How long the first submission of a new ranking waits for its index, in milliseconds. */
const PREPARE_MS = 1000;
/** How long an index is left as it is after it was refreshed: a server of an older version may still run. */
const REFRESH_PAUSE_MS = 60_000;
/** A ranking with more entries is a large one. */
const SMALL_ENTRIES = 10_000;
/**
 * How far revisions jump where some that watchers have seen may be lost: more than can be made in the
 * moments before a revision is settled, or before Redis has it on its disk.
 */
const REVISION_GAP = 2 ** 24;

export interface BuildProgress {
  readonly built: number;
}

/** A build under the build lock. */
interface BuildJob {
  readonly ranking: Ranking;
  readonly tenure: Tenure;
  readonly lost: AbortSignal;
  readonly onProgress: (progress: BuildProgress) => void;
}

/** What a look at a ranking's index showed. */
interface Found {
  readonly mark: IndexMark;
  readonly state: FoundIndex;
}

/**
 * Checks that the index of a ranking is whole, and builds it anew beside the old one when not: does what
 * `assess` in index-rules.ts says.
 *
 * While a new index is being built, submissions go to both (see apply.lua); so after one pass over
 * the entries the new one has everything, and it is swapped in.
 */
export class IndexBuilder implements IndexCheck {
  readonly #index: RankingIndex;
  readonly #rankings: RankingStore;
  readonly #entries: EntryStore;
  readonly #filler: IndexFiller;
  readonly #trust: IndexTrust;
  readonly #log: Log;
  readonly #checks = new Map<RankingNo, Promise<boolean>>();
  readonly #builds = new Map<RankingNo, Promise<void>>();
  /** Rankings of which the first index is being built. */
  readonly #first = new Set<RankingNo>();
  /** Rankings that are being refreshed, or were not long ago. */
  readonly #refreshed = new Set<RankingNo>();
  readonly #slots = new BuildSlots();

  constructor(parts: {
    index: RankingIndex;
    rankings: RankingStore;
    entries: EntryStore;
    filler: IndexFiller;
    trust: IndexTrust;
    log: Log;
  }) {
    this.#index = parts.index;
    this.#rankings = parts.rankings;
    this.#entries = parts.entries;
    this.#filler = parts.filler;
    this.#trust = parts.trust;
    this.#log = parts.log;
  }

  /** How many rankings this process is building now. */
  get building(): number {
    return this.#slots.taken;
  }

  /**
   * Finds out whether the index of a ranking is whole, and trusts it then; begins to take it over or to
   * build it otherwise. Returns whether it is trusted now. Fails only as the stores do.
   *
   * @param damagedEpoch an epoch that was found damaged
   */
  check(ranking: Ranking, damagedEpoch?: number): Promise<boolean> {
    // While it is being mended there is nothing to find out, and every batch of submissions asks.
    if (this.#builds.has(ranking.rankingNo)) return Promise.resolve(false);
    const running = this.#checks.get(ranking.rankingNo);
    if (running !== undefined) return running;
    const check = this.#check(ranking, damagedEpoch).finally(() =>
      this.#checks.delete(ranking.rankingNo),
    );
    this.#checks.set(ranking.rankingNo, check);
    return check;
  }

  /** Resolves when no build of the ranking is running in this process, or after so many milliseconds. */
  async builtWithin({ rankingNo }: Ranking, ms: number): Promise<void> {
    const build = this.#builds.get(rankingNo);
    if (build !== undefined) await within(ms, build, undefined);
  }

  /** Whether the ranking is new, and this process is building its first index. */
  isFirst(ranking: Ranking): boolean {
    return this.#first.has(ranking.rankingNo);
  }

  /**
   * Sees to it that a new ranking has its index before its first submission, so that even that one can be
   * told its rank. Does not fail, and gives up after a moment.
   */
  async prepare(ranking: Ranking): Promise<void> {
    const prepared = this.check(ranking).then(async (trusted) => {
      if (!trusted && this.isFirst(ranking)) await this.#builds.get(ranking.rankingNo);
    });
    await within(PREPARE_MS, prepared, undefined).catch(() => {});
  }

  /**
   * Builds the index anew even if it is whole; reads stay on the old one meanwhile. If another
   * process is building it, waits for that and then builds.
   *
   * @throws STORE_UNAVAILABLE, IndexUnavailable
   */
  rebuild(ranking: Ranking, onProgress: (progress: BuildProgress) => void): Promise<void> {
    return this.#rebuild(ranking, onProgress, () => true);
  }

  /**
   * Builds an index anew that may hold what an older server encoded, in the background: it answers
   * meanwhile. Where another process does so, that is enough.
   */
  refresh(ranking: Ranking): void {
    const { rankingNo } = ranking;
    if (this.#refreshed.has(rankingNo)) return;
    this.#refreshed.add(rankingNo);
    this.#rebuild(
      ranking,
      () => {},
      (state) => state.outdated,
    )
      .catch((error) => {
        this.#log.warn({ err: error, ranking: ranking.leaderboardId }, 'index refresh failed');
      })
      .finally(() => {
        setTimeout(() => this.#refreshed.delete(rankingNo), REFRESH_PAUSE_MS).unref();
      });
  }

  async #rebuild(
    ranking: Ranking,
    onProgress: (progress: BuildProgress) => void,
    isNeeded: (state: FoundIndex) => boolean,
  ): Promise<void> {
    const tenure = this.#requireTenure();
    await this.#slots.run(await this.#sizeOf(ranking), () =>
      this.#locked(ranking, async (lost) => {
        const found = await this.#look(ranking);
        if (found === undefined || !isNeeded(found.state)) return;
        const { mark, state } = found;
        const job = { ranking, tenure, lost, onProgress };
        if (assess(mark, state, tenure.life) === 'serve') await this.#build(job, mark, mark.epoch);
        else await this.#replace(job, mark);
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
    const { tenure } = this.#trust;
    if (tenure === undefined) return false;
    const found = await this.#look(ranking);
    if (found === undefined) return false;
    const { mark, state } = found;
    if (assess(mark, state, tenure.life) === 'serve' && mark.epoch !== damagedEpoch) {
      this.#trust.trust(ranking.rankingNo, mark.epoch, tenure.life);
      if (state.outdated) this.refresh(ranking);
      return true;
    }
    this.#startMending(ranking, tenure, mark.life === undefined, damagedEpoch);
    return false;
  }

  #startMending(
    ranking: Ranking,
    tenure: Tenure,
    isFirst: boolean,
    damagedEpoch: number | undefined,
  ): void {
    const { rankingNo } = ranking;
    if (this.#builds.has(rankingNo)) return;
    if (isFirst) this.#first.add(rankingNo);
    const build = this.#mend(ranking, tenure, damagedEpoch)
      .catch((error) => {
        // The next read or submission of the ranking begins again.
        this.#log.warn({ err: error, ranking: ranking.leaderboardId }, 'index build failed');
      })
      .finally(() => {
        this.#builds.delete(rankingNo);
        this.#first.delete(rankingNo);
      });
    this.#builds.set(rankingNo, build);
  }

  /**
   * Takes over the index of a ranking, or builds it, or finds that another process has done it. Taking over
   * and revoking the mark are quick and wait for no slot: from then on submissions need no
   * index to be settled.
   */
  async #mend(ranking: Ranking, tenure: Tenure, damagedEpoch: number | undefined): Promise<void> {
    const size = await this.#sizeOf(ranking);
    if (!this.#slots.isFree(size)) {
      const mustBuild = await this.#locked(ranking, async () => {
        const mark = await this.#serveOrAdopt(ranking, tenure, damagedEpoch);
        if (mark?.whole === true) await this.#revoke(ranking, mark, tenure);
        return mark !== undefined;
      });
      if (!mustBuild) return;
    }
    await this.#slots.run(size, () =>
      this.#locked(ranking, async (lost) => {
        const mark = await this.#serveOrAdopt(ranking, tenure, damagedEpoch);
        const job = { ranking, tenure, lost, onProgress: () => {} };
        if (mark !== undefined) await this.#replace(job, mark);
      }),
    );
  }

  /** The mark if an index must be built. Call it only with the build lock. */
  async #serveOrAdopt(
    ranking: Ranking,
    tenure: Tenure,
    damagedEpoch: number | undefined,
  ): Promise<IndexMark | undefined> {
    const found = await this.#look(ranking);
    if (found === undefined) return undefined;
    const { mark, state } = found;
    const assessment = mark.epoch === damagedEpoch ? 'build' : assess(mark, state, tenure.life);
    switch (assessment) {
      case 'serve':
        this.#trust.trust(ranking.rankingNo, mark.epoch, tenure.life);
        return undefined;
      case 'adopt':
        await this.#adopt(ranking, mark, tenure);
        return undefined;
      case 'build':
        return mark;
    }
  }

  async #sizeOf({ rankingNo }: Ranking): Promise<'small' | 'large'> {
    const count = await this.#entries.countUpTo(rankingNo, SMALL_ENTRIES + 1);
    return count > SMALL_ENTRIES ? 'large' : 'small';
  }

  /** Runs `work` under the build lock of a ranking, after any other process that has it. */
  async #locked<T>(ranking: Ranking, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      const done = await this.#rankings.withBuildLock(ranking.rankingNo, async (lost) => ({
        result: await work(lost),
      }));
      if (done !== undefined) return done.result;
      await delay(OTHER_BUILD_MS);
    }
  }

  /** The mark first: it is raised only after the index, so a whole index is never behind it. */
  async #look(ranking: Ranking): Promise<Found | undefined> {
    const mark = await this.#rankings.mark(ranking.rankingNo);
    return mark && { mark, state: await this.#index.state(ranking) };
  }

  /**
   * Takes over an index that is whole but of an earlier life. It may have lost changes that are still in
   * the outbox and were seen by watchers. A new epoch tells them. Call it only with the build lock.
   */
  async #adopt(ranking: Ranking, mark: IndexMark, tenure: Tenure): Promise<void> {
    // An even step: the epoch keeps its set of keys.
    const epoch = mark.epoch + 2;
    // The mark first. If the index does not follow, it will be found not whole.
    await this.#changeMark(ranking, mark, { ...mark, life: tenure.life, epoch }, true);
    const from = { life: mark.life as LifeId, epoch: mark.epoch };
    if (!(await this.#index.adopt(ranking, from, { ...tenure, epoch }, REVISION_GAP))) return;
    this.#trust.trust(ranking.rankingNo, epoch, tenure.life);
    this.#log.info({ leaderboard: ranking.leaderboardId, epoch }, 'index taken over');
  }

  /** No index of the ranking is whole from now on. Call it only with the build lock. */
  async #revoke(ranking: Ranking, mark: IndexMark, tenure: Tenure): Promise<IndexMark> {
    const revoked = { ...mark, life: tenure.life, epoch: mark.epoch + 1, whole: false };
    await this.#changeMark(ranking, mark, revoked, false);
    return revoked;
  }

  /** Builds an index where none serves. Each build has an epoch of its own, so none is taken for another. */
  async #replace(job: BuildJob, mark: IndexMark): Promise<void> {
    const revoked = await this.#revoke(job.ranking, mark, job.tenure);
    const settledRevision = mark.settledRevision + (mark.epoch === 0 ? 0 : REVISION_GAP);
    await this.#build(job, { ...revoked, settledRevision }, undefined);
  }

  /** @param serving the epoch that goes on serving meanwhile; without one the mark is of the epoch to build */
  async #build(job: BuildJob, mark: IndexMark, serving: number | undefined): Promise<void> {
    const { ranking, tenure, lost, onProgress } = job;
    const start = performance.now();
    const epoch = serving === undefined ? mark.epoch : serving + 1;
    const build = await this.#index.beginBuild(ranking, serving, epoch, tenure);
    const progress = (built: number): void => onProgress({ built });
    const entries = await this.#filler.fill(ranking, build, progress, lost);
    const revision = await this.#index.swap(ranking, build, entries, mark.settledRevision);
    if (revision === undefined) throw new IndexUnavailable('the index lost what was built');
    const built = { life: tenure.life, epoch, whole: true, settledRevision: revision };
    await this.#changeMark(ranking, mark, built, false);
    this.#trust.trust(ranking.rankingNo, epoch, tenure.life);
    const ms = Math.round(performance.now() - start);
    this.#log.info({ leaderboard: ranking.leaderboardId, epoch, entries, ms }, 'index built');
  }

  async #changeMark(
    { rankingNo }: Ranking,
    from: IndexMark,
    to: IndexMark & { readonly life: LifeId },
    ifSettledRevisionIsSame: boolean,
  ): Promise<void> {
    const change = await this.#rankings.changeMark(rankingNo, from, to, {
      ifSettledRevisionIsSame,
    });
    if (change === 'life over') throw new IndexUnavailable('another index serves by now');
    if (change !== 'changed') throw new IndexUnavailable('another process changed it meanwhile');
  }

  #requireTenure(): Tenure {
    const { tenure } = this.#trust;
    if (tenure === undefined) throw new IndexUnavailable('redis: there is no connection yet');
    return tenure;
  }
}
