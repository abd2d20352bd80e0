import { RostrumError } from '../../domain/errors.js';
import type { PlayerId } from '../../domain/ids.js';
import type { ChangePage, Ranking, RankingChange } from '../../domain/ranking.js';
import { fairPass } from './fair-pass.js';
import { type Cohort, FeedCohorts } from './feed-cohorts.js';
import { FeedFilters } from './feed-filters.js';
import { FeedWatcher } from './feed-watcher.js';
import type { WatchStream } from './ports.js';
import {
  decodeResumeToken,
  encodeResumeToken,
  type TokenScope,
  type WatchPosition,
} from './resume-token.js';
import type { WatchEnvironment } from './watch-environment.js';
import { FIRST_ROW, WatchGroup } from './watch-group.js';
import { type EncodedMessage, encodeFeedMessage } from './wire/watch-encoding.js';

/**
 * Everyone who watches every change of one ranking.
 *
 * Watchers at the same position form a cohort: one read and one encoding serve all of them. One
 * page is read at a time and told to every cohort that it reaches; they are one cohort afterwards.
 */
export class Feed extends WatchGroup<FeedWatcher> {
  readonly #scope: TokenScope;
  readonly #filters = new FeedFilters();
  readonly #cohorts = new FeedCohorts();
  /** New watchers: they start at the revision that a read after their call finds. */
  readonly #starting = new Set<FeedWatcher>();
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  /** A signal came while a page was being read: the page may lack the change. */
  #signalled = false;
  #lastCheckedAt = performance.now();

  constructor(
    ranking: Ranking,
    private readonly environment: Omit<WatchEnvironment, 'turns' | 'slots' | 'budget'>,
  ) {
    super(ranking, environment.signals);
    this.#scope = { kind: 'feed', seasonNo: ranking.seasonNo, viewHash: undefined };
  }

  /**
   * Adds a watcher of all players, or of some. `resumeToken` is empty for a new one.
   * @throws INVALID_RESUME_TOKEN
   */
  join(stream: WatchStream, players: readonly PlayerId[] | undefined, resumeToken: string): void {
    const position = resumeToken === '' ? undefined : decodeResumeToken(resumeToken, this.#scope);
    const watcher = new FeedWatcher(stream, this.environment.counters, players, position);
    stream.onDrain(() => this.#drained(watcher));
    this.watchers.add(watcher);
    this.environment.counters.feedWatchers++;
    this.#filters.add(watcher);
    if (position === undefined) this.#starting.add(watcher);
    else this.#cohorts.at(position).admit(watcher);
    this.subscribe();
    stream.onClose(() => this.leave(watcher));
    void this.#run();
  }

  tick(now: number): void {
    const { checkpointMs, slowAfterMs } = this.environment.options;
    for (const watcher of this.watchers) {
      if (watcher.laggingMs(now) < slowAfterMs) continue;
      watcher.endTooSlow();
      this.leave(watcher);
    }
    for (const cohort of [...this.#cohorts]) this.#checkpoint(cohort, now);
    if (now - this.#lastCheckedAt >= checkpointMs) {
      // Reads now and then, signal or not, so that even a lost signal is no lost change.
      this.#lastCheckedAt = now;
      this.look();
    } else {
      void this.#run();
    }
  }

  protected leave(watcher: FeedWatcher): void {
    if (!this.watchers.delete(watcher)) return;
    this.environment.counters.feedWatchers--;
    this.#filters.remove(watcher);
    this.#starting.delete(watcher);
    this.#cohorts.removeWatcher(watcher);
    if (this.watchers.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.unsubscribe();
  }

  #drained(watcher: FeedWatcher): void {
    if (!watcher.lagging || !this.watchers.has(watcher)) return;
    watcher.drained();
    if (watcher.position === undefined) return;
    this.#cohorts.at(watcher.position).admit(watcher);
    void this.#run();
  }

  protected look(): void {
    this.#signalled = true;
    this.#cohorts.markAllDue();
    void this.#run();
  }

  /** Reads and sends one page at a time until all watchers who can take messages are up to date. */
  async #run(): Promise<void> {
    if (this.#running || this.#timer !== undefined) return;
    this.#running = true;
    try {
      while (this.watchers.size > 0) {
        if (this.#starting.size > 0 && !(await this.#start())) break;
        const next = this.#cohorts.next(performance.now(), this.environment.options.readGapMs);
        if (next.kind === 'nothing') break;
        if (next.kind === 'wait') {
          this.#timer = setTimeout(() => {
            this.#timer = undefined;
            void this.#run();
          }, Math.ceil(next.ms));
          break;
        }
        if (!(await this.#serve(next.cohort))) break;
      }
    } catch (fault) {
      // The next signal or tick tries again.
      this.environment.reportFault(fault);
    } finally {
      this.#running = false;
    }
  }

  /** Finds where new watchers start and tells them. False while the index is away. */
  async #start(): Promise<boolean> {
    const starting = [...this.#starting];
    const view = await this.environment.reader.tryRead(this.ranking, FIRST_ROW);
    if (view === undefined) return false;
    const cohort = this.#cohorts.at({ epoch: view.epoch, revision: view.revision });
    const message = this.#encode([], cohort.position, false);
    for (const watcher of starting) {
      if (!this.#starting.delete(watcher)) continue;
      this.#send(watcher, message, cohort);
    }
    return true;
  }

  /** Reads one page for a cohort and tells it. False while the index is away. */
  async #serve(cohort: Cohort): Promise<boolean> {
    const { reader, options } = this.environment;
    this.#signalled = false;
    const { revision } = cohort.position;
    const page = await reader.tryReadChanges(this.ranking, revision, options.feedPageSize);
    if (page === undefined) return false;
    const { position } = cohort;
    if (page.epoch !== position.epoch || page.revision < position.revision) {
      await this.#tellReset(cohort, page);
    } else if (page.oldestRevision > position.revision) {
      this.#endExpired(cohort, page.oldestRevision);
    } else {
      await this.#tell(position, page);
    }
    return true;
  }

  async #tell(from: WatchPosition, page: ChangePage): Promise<void> {
    const last = page.changes.at(-1);
    const to = { epoch: page.epoch, revision: last?.revision ?? page.revision };
    const cohorts = this.#cohorts.takeWithin(from, to.revision);
    const target = this.#cohorts.at(to);
    target.due = to.revision < page.revision || this.#signalled;
    // A page that ended early is followed by the next at once.
    if (to.revision >= page.revision) target.readAt = performance.now();
    const selection = this.#filters.select(page.changes);
    for (const cohort of cohorts) {
      const changes = changesAfter(page.changes, cohort.position.revision);
      let forAll: EncodedMessage | undefined;
      await fairPass([...cohort.watchers], (watcher) => {
        if (!this.watchers.has(watcher)) return;
        let message: EncodedMessage | undefined;
        if (watcher.players === undefined) {
          if (changes.length > 0) message = forAll ??= this.#encode(changes, to, false);
        } else {
          const own = changesAfter(selection.get(watcher) ?? [], cohort.position.revision);
          if (own.length > 0) message = this.#encode(own, to, false);
        }
        // A watcher that resumed is told that it is up to date.
        if (message === undefined && watcher.resumeToken === '' && to.revision >= page.revision) {
          message = this.#encode([], to, false);
        }
        if (message === undefined) target.watchers.add(watcher);
        else this.#send(watcher, message, target);
      });
    }
  }

  /** The ranking was rebuilt: its feed goes on with the oldest change of the new epoch. */
  async #tellReset(cohort: Cohort, page: ChangePage): Promise<void> {
    const to = { epoch: page.epoch, revision: Math.min(page.oldestRevision, page.revision) };
    this.#cohorts.dissolve(cohort);
    const target = this.#cohorts.at(to);
    target.due = true;
    const message = this.#encode([], to, true);
    await fairPass([...cohort.watchers], (watcher) => {
      if (this.watchers.has(watcher)) this.#send(watcher, message, target);
    });
  }

  #endExpired(cohort: Cohort, oldestRevision: number): void {
    const error = new RostrumError(
      'RESUME_TOKEN_EXPIRED',
      `the changes after this position are no longer retained; the oldest is ${oldestRevision}`,
      { metadata: { oldest_revision: String(oldestRevision) } },
    );
    for (const watcher of [...cohort.watchers]) {
      watcher.stream.end(error);
      this.leave(watcher);
    }
  }

  #checkpoint(cohort: Cohort, now: number): void {
    let message: EncodedMessage | undefined;
    void fairPass([...cohort.watchers], (watcher) => {
      if (cohort.dissolved || !cohort.watchers.has(watcher)) return;
      if (watcher.idleMs(now) < this.environment.options.checkpointMs) return;
      message ??= this.#encode([], cohort.position, false);
      this.#send(watcher, message, cohort);
    });
  }

  /** Sends a message after which the watcher is at the cohort's position. */
  #send(watcher: FeedWatcher, message: EncodedMessage, cohort: Cohort): void {
    const more = watcher.send(message);
    if (!this.watchers.has(watcher)) return;
    if (more) {
      cohort.watchers.add(watcher);
    } else {
      cohort.watchers.delete(watcher);
      watcher.position = cohort.position;
    }
  }

  #encode(
    changes: readonly RankingChange[],
    position: WatchPosition,
    reset: boolean,
  ): EncodedMessage {
    this.environment.counters.messagesEncoded++;
    const resumeToken = encodeResumeToken(this.#scope, position);
    return encodeFeedMessage(changes, reset, { revision: position.revision, resumeToken });
  }
}

/** The part of `changes`, which are in order, that comes after a revision. */
function changesAfter(
  changes: readonly RankingChange[],
  revision: number,
): readonly RankingChange[] {
  const first = changes[0];
  if (first === undefined || first.revision > revision) return changes;
  return changes.filter((change) => change.revision > revision);
}
