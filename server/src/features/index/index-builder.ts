import { setTimeout as delay } from 'node:timers/promises';
import type { RankingNo } from '../../domain/ids.js';
import {
  type Assessment,
  assess,
  type IndexMark,
  type LifeId,
  type Tenure,
} from '../../domain/index-rules.js';
import type { Log } from '../../domain/log.js';
import type { Ranking } from '../../domain/ranking.js';
import { Slots } from '../../domain/slots.js';
import { within } from '../../within.js';
import type { IndexTrust } from './index-trust.js';
import {
  type EntryStore,
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
/** How long an index is left alone after it was refreshed: a server of an older version may still run. */
const REFRESH_PAUSE_MS = 60_000;
/** A ranking with more entries is a large one. */
const SMALL_ENTRIES = 10_000;
/** Small indexes that one process builds at a time: each takes some milliseconds. */
const SMALL_SLOTS = 4;
/** Large ones: each takes a good part of what the stores can do. */
const LARGE_SLOTS = 1;
/**
 * How far revisions jump when watchers may have seen some that are lost: more than can be made before a
 * revision is settled, or before Redis has it on its disk.
 */
const REVISION_GAP = 2 ** 24;

/** A build under the build lock. */
interface BuildJob {
  readonly ranking: Ranking;
  readonly tenure: Tenure;
  readonly lost: AbortSignal;
  readonly onProgress: (progress: { readonly built: number }) => void;
}

/** What a look at a ranking's index showed. */
interface Found {
  readonly mark: IndexMark;
  readonly assessment: Assessment;
  readonly outdated: boolean;
}

/**
 * Checks that the index of a ranking is whole, and adopts or rebuilds it as `assess` in index-rules.ts says.
 *
 * While a new index is being built, submissions go to both (see apply.lua); so after one pass over
 * the entries the new one has everything, and it is swapped in.
 */
export class IndexBuilder implements IndexCheck {
  readonly #checks = new Map<RankingNo, Promise<boolean>>();
  readonly #builds = new Map<RankingNo, Promise<void>>();
  /** Rankings whose first index is being built. */
  readonly #first = new Set<RankingNo>();
  /** Rankings that are being refreshed, or were not long ago. */
  readonly #refreshed = new Set<RankingNo>();
  /** Small rankings have slots of their own, so none of them waits behind a large one. */
  readonly #small = new Slots(SMALL_SLOTS);
  readonly #large = new Slots(LARGE_SLOTS);

  constructor(
    private readonly index: RankingIndex,
    private readonly rankings: RankingStore,
    private readonly entries: Pick<EntryStore, 'countUpTo'>,
    private readonly filler: IndexFiller,
    private readonly trust: IndexTrust,
    private readonly log: Log,
  ) {}

  /** How many rankings this process is building now. */
  get building(): number {
    return this.#small.taken + this.#large.taken;
  }

  /**
   * Trusts the index of a ranking if it is whole; begins to take it over or to build it otherwise. Returns
   * whether it is trusted now.
   *
   * @param damagedEpoch an epoch that was found damaged
   * @throws STORE_UNAVAILABLE, IndexUnavailable
   */
  check(ranking: Ranking, damagedEpoch?: number): Promise<boolean> {
    // While it is being mended there is nothing to find out, and every batch of submissions asks.
    if (this.#builds.has(ranking.rankingNo)) return Promise.resolve(false);
    return this.#checks.getOrInsertComputed(ranking.rankingNo, () =>
      this.#check(ranking, damagedEpoch).finally(() => this.#checks.delete(ranking.rankingNo)),
    );
  }

  /** Resolves when this process is not building the ranking, or after `ms` milliseconds. */
  async builtWithin({ rankingNo }: Ranking, ms: number): Promise<void> {
    const build = this.#builds.get(rankingNo);
    if (build !== undefined) await within(ms, build, undefined);
  }

  /** Whether the ranking is new, and this process is building its first index. */
  isBuildingFirst(ranking: Ranking): boolean {
    return this.#first.has(ranking.rankingNo);
  }

  /**
   * Gives a new ranking its index before its first submission, so that even that one is told its rank. Does
   * not fail, and gives up after a moment.
   */
  async prepare(ranking: Ranking): Promise<void> {
    const prepared = this.check(ranking).then(async (trusted) => {
      if (!trusted && this.isBuildingFirst(ranking)) await this.#builds.get(ranking.rankingNo);
    });
    await within(PREPARE_MS, prepared, undefined).catch(() => {});
  }

  /**
   * Builds the index anew even if it is whole; reads stay on the old one meanwhile. If another
   * process is building it, waits for that first.
   *
   * @throws STORE_UNAVAILABLE, IndexUnavailable
   */
  rebuild(ranking: Ranking, onProgress: BuildJob['onProgress']): Promise<void> {
    return this.#rebuild(ranking, onProgress, () => true);
  }

  /**
   * Rebuilds an index that may hold payloads of an older server, in the background: it answers meanwhile.
   * Does nothing if another process has done it.
   */
  refresh(ranking: Ranking): void {
    const { rankingNo } = ranking;
    if (this.#refreshed.has(rankingNo)) return;
    this.#refreshed.add(rankingNo);
    const onProgress = (): void => {};
    this.#rebuild(ranking, onProgress, ({ outdated }) => outdated)
      .catch((error) => {
        this.log.warn({ err: error, ranking: ranking.leaderboardId }, 'index refresh failed');
      })
      .finally(() => {
        setTimeout(() => this.#refreshed.delete(rankingNo), REFRESH_PAUSE_MS).unref();
      });
  }

  async #rebuild(
    ranking: Ranking,
    onProgress: BuildJob['onProgress'],
    isNeeded: (found: Found) => boolean,
  ): Promise<void> {
    const tenure = this.trust.requireTenure();
    const slots = await this.#slotsOf(ranking);
    await slots.run(() =>
      this.#locked(ranking, async (lost) => {
        const found = await this.#look(ranking, tenure);
        if (found === undefined || !isNeeded(found)) return;
        const { mark, assessment } = found;
        const job = { ranking, tenure, lost, onProgress };
        if (assessment === 'serve') await this.#build(job, mark, mark.epoch);
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
    this.trust.forget(rankingNo);
    const remove = () => this.index.remove(rankingNo).then(() => true);
    return (await this.rankings.withBuildLock(rankingNo, remove)) ?? false;
  }

  async #check(ranking: Ranking, damagedEpoch: number | undefined): Promise<boolean> {
    const { tenure } = this.trust;
    if (tenure === undefined) return false;
    const found = await this.#look(ranking, tenure, damagedEpoch);
    if (found === undefined) return false;
    const { mark, assessment, outdated } = found;
    if (assessment === 'serve') {
      this.trust.trust(ranking.rankingNo, mark.epoch, tenure);
      if (outdated) this.refresh(ranking);
      return true;
    }
    const { rankingNo } = ranking;
    if (mark.life === undefined) this.#first.add(rankingNo);
    const build = this.#mend(ranking, tenure, damagedEpoch)
      .catch((error) => {
        // The next read or submission of the ranking begins again.
        this.log.warn({ err: error, ranking: ranking.leaderboardId }, 'index build failed');
      })
      .finally(() => {
        this.#builds.delete(rankingNo);
        this.#first.delete(rankingNo);
      });
    this.#builds.set(rankingNo, build);
    return false;
  }

  /**
   * Takes over the index of a ranking, or builds it, or finds that another process has done it. Taking over
   * and revoking the mark are quick and wait for no slot: once the mark is revoked, submissions are settled
   * without an index.
   */
  async #mend(ranking: Ranking, tenure: Tenure, damagedEpoch: number | undefined): Promise<void> {
    const slots = await this.#slotsOf(ranking);
    if (!slots.isFree) {
      const mustBuild = await this.#locked(ranking, async () => {
        const mark = await this.#serveOrAdopt(ranking, tenure, damagedEpoch);
        if (mark?.whole === true) await this.#revoke(ranking, mark, tenure);
        return mark !== undefined;
      });
      if (!mustBuild) return;
    }
    await slots.run(() =>
      this.#locked(ranking, async (lost) => {
        const mark = await this.#serveOrAdopt(ranking, tenure, damagedEpoch);
        const job = { ranking, tenure, lost, onProgress: () => {} };
        if (mark !== undefined) await this.#replace(job, mark);
      }),
    );
  }

  /** Returns the mark if an index must be built. Call it only with the build lock. */
  async #serveOrAdopt(
    ranking: Ranking,
    tenure: Tenure,
    damagedEpoch: number | undefined,
  ): Promise<IndexMark | undefined> {
    const found = await this.#look(ranking, tenure, damagedEpoch);
    if (found === undefined) return undefined;
    const { mark } = found;
    switch (found.assessment) {
      case 'serve':
        this.trust.trust(ranking.rankingNo, mark.epoch, tenure);
        return undefined;
      case 'adopt':
        await this.#adopt(ranking, mark, tenure);
        return undefined;
      case 'build':
        return mark;
    }
  }

  async #slotsOf({ rankingNo }: Ranking): Promise<Slots> {
    const count = await this.entries.countUpTo(rankingNo, SMALL_ENTRIES + 1);
    return count > SMALL_ENTRIES ? this.#large : this.#small;
  }

  /** Runs `work` under the build lock of a ranking, after whichever process holds it now. */
  async #locked<T>(ranking: Ranking, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      const done = await this.rankings.withBuildLock(ranking.rankingNo, async (lost) => ({
        result: await work(lost),
      }));
      if (done !== undefined) return done.result;
      await delay(OTHER_BUILD_MS);
    }
  }

  /** Undefined for a ranking that does not exist any more. */
  async #look(
    ranking: Ranking,
    { life }: Tenure,
    damagedEpoch?: number,
  ): Promise<Found | undefined> {
    // The mark first: it is raised only after the index, so a whole index is never behind it.
    const mark = await this.rankings.mark(ranking.rankingNo);
    if (mark === undefined) return undefined;
    const state = await this.index.state(ranking);
    const assessment = mark.epoch === damagedEpoch ? 'build' : assess(mark, state, life);
    return { mark, assessment, outdated: state.outdated };
  }

  /**
   * Takes over an index that is whole but of an earlier life. It may have lost changes that watchers have
   * seen and that are still in the outbox: a new epoch tells them. Call it only with the build lock.
   */
  async #adopt(ranking: Ranking, mark: IndexMark, tenure: Tenure): Promise<void> {
    // An even step: the epoch keeps its set of keys.
    const epoch = mark.epoch + 2;
    // The mark first: an index that does not follow is then found not whole.
    await this.#changeMark(ranking, mark, { ...mark, life: tenure.life, epoch }, true);
    const from = { life: mark.life as LifeId, epoch: mark.epoch };
    if (!(await this.index.adopt(ranking, from, { ...tenure, epoch }, REVISION_GAP))) return;
    this.trust.trust(ranking.rankingNo, epoch, tenure);
    this.log.info({ leaderboard: ranking.leaderboardId, epoch }, 'index taken over');
  }

  /** No index of the ranking is whole from now on. Call it only with the build lock. */
  async #revoke(ranking: Ranking, mark: IndexMark, tenure: Tenure): Promise<IndexMark> {
    const revoked = { ...mark, life: tenure.life, epoch: mark.epoch + 1, whole: false };
    await this.#changeMark(ranking, mark, revoked, false);
    return revoked;
  }

  /** Builds an index while none serves. Each build has its own epoch, so none is taken for another. */
  async #replace(job: BuildJob, mark: IndexMark): Promise<void> {
    const revoked = await this.#revoke(job.ranking, mark, job.tenure);
    const settledRevision = mark.settledRevision + (mark.epoch === 0 ? 0 : REVISION_GAP);
    await this.#build(job, { ...revoked, settledRevision }, undefined);
  }

  /** @param serving the epoch that goes on serving meanwhile; undefined if `mark` has the epoch to build */
  async #build(job: BuildJob, mark: IndexMark, serving: number | undefined): Promise<void> {
    const { ranking, tenure, lost, onProgress } = job;
    const start = performance.now();
    const epoch = serving === undefined ? mark.epoch : serving + 1;
    const build = await this.index.beginBuild(ranking, serving, epoch, tenure);
    const progress = (built: number): void => onProgress({ built });
    const entries = await this.filler.fill({ ranking, build, afterPlayerId: '' }, progress, lost);
    const revision = await this.index.swap(ranking, build, entries, mark.settledRevision);
    if (revision === undefined) throw new IndexUnavailable('the index lost what was built');
    const built = { life: tenure.life, epoch, whole: true, settledRevision: revision };
    await this.#changeMark(ranking, mark, built, false);
    this.trust.trust(ranking.rankingNo, epoch, tenure);
    const ms = Math.round(performance.now() - start);
    this.log.info({ leaderboard: ranking.leaderboardId, epoch, entries, ms }, 'index built');
  }

  async #changeMark(
    { rankingNo }: Ranking,
    from: IndexMark,
    to: IndexMark & { readonly life: LifeId },
    ifSettledRevisionIsSame: boolean,
  ): Promise<void> {
    const options = { ifSettledRevisionIsSame };
    const change = await this.rankings.changeMark(rankingNo, from, to, options);
    if (change === 'life over') throw new IndexUnavailable('another index serves by now');
    if (change !== 'changed') throw new IndexUnavailable('another process changed it meanwhile');
  }
}
