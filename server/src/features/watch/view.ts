import type { Caller } from '../../domain/caller.js';
import type { RostrumError } from '../../domain/errors.js';
import type { FairSlots } from '../../domain/fair-slots.js';
import { type Ranking, type RankingRead, type RankingView, rowsOf } from '../../domain/ranking.js';
import type { ReadTurns } from '../../domain/read-turns.js';
import type { RankingIndexReader, RankingSignals } from '../reads/ports.js';
import { fairPass } from './fair-pass.js';
import { type Frame, nextFrame } from './frame.js';
import { FrameHistory, type HistoryBudget } from './frame-history.js';
import type { ReportFault, WatchStream } from './ports.js';
import { decodeResumeToken } from './resume-token.js';
import { hashOf, readOf, type ViewSpec } from './view-key.js';
import { ViewMessages } from './view-messages.js';
import { ViewWatcher } from './view-watcher.js';
import type { WatchCounters } from './watch-counters.js';
import type { WatchOptions } from './watch-options.js';
import { WatchersByConnection } from './watchers-by-connection.js';
import type { EncodedMessage } from './wire/watch-encoding.js';

/** Connections that are looked at to find for whom a view is read. */
const MAX_LOOKED_AT = 8;

/** Tells the revision at the price of a row. */
const FIRST_ROW: RankingRead = { kind: 'range', start: 0, count: 1 };

/** What all views of a server share. */
export interface ViewEnvironment {
  readonly reader: RankingIndexReader;
  readonly signals: RankingSignals;
  /** One for all reads of the server. */
  readonly turns: ReadTurns;
  /** One for the reads of all views; a row takes a slot. */
  readonly slots: FairSlots;
  readonly options: WatchOptions;
  readonly counters: WatchCounters;
  readonly budget: HistoryBudget;
  readonly reportFault: ReportFault;
}

/**
 * A part of a ranking and everyone who watches it with the same interval.
 *
 * A read makes a frame; watchers move from their frame to the present one in one step. Frames come
 * at most once per interval, except that a new watcher gets a fresh frame at once: what was
 * acknowledged before it called is in its snapshot.
 */
export class View {
  #ranking: Ranking;
  readonly #minIntervalMs: number;
  readonly #read: RankingRead;
  readonly #environment: ViewEnvironment;
  readonly #viewHash: Buffer;
  #messages: ViewMessages;
  readonly #history: FrameHistory;
  readonly #watchers = new WatchersByConnection<ViewWatcher>();
  /** Watchers that wait for a read that begins after they came. */
  readonly #joining = new Set<ViewWatcher>();
  #frame: Frame | undefined;
  #unsubscribe: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The ranking may have changed since the last read for everyone. */
  #dirty = false;
  #reading = false;
  #stepping = false;
  #stepAgain = false;
  #lastReadAt = Number.NEGATIVE_INFINITY;
  /** When everyone was last brought to the present frame. */
  #lastTurnAt = Number.NEGATIVE_INFINITY;
  #lastCheckedAt = performance.now();
  #idleSince = performance.now();

  constructor(
    ranking: Ranking,
    spec: ViewSpec,
    minIntervalMs: number,
    environment: ViewEnvironment,
  ) {
    const { options, counters, budget } = environment;
    this.#ranking = ranking;
    this.#minIntervalMs = minIntervalMs;
    this.#read = readOf(spec);
    this.#environment = environment;
    this.#viewHash = hashOf(spec);
    this.#messages = new ViewMessages(ranking.rankingNo, this.#viewHash, counters);
    this.#history = new FrameHistory(
      { frames: options.historyFrames, ageMs: options.historyMs, rows: options.historyRows },
      budget,
    );
  }

  get ranking(): Ranking {
    return this.#ranking;
  }

  /**
   * The ranking as last looked up. An empty leaderboard whose order was changed has another one,
   * with a newer epoch: watchers are told by a reset.
   */
  set ranking(ranking: Ranking) {
    const isOther = ranking.rankingNo !== this.#ranking.rankingNo;
    this.#ranking = ranking;
    if (!isOther) return;
    const { counters } = this.#environment;
    this.#messages = new ViewMessages(ranking.rankingNo, this.#viewHash, counters);
    if (this.#unsubscribe === undefined) return;
    this.#unsubscribe();
    this.#unsubscribe = this.#subscribe();
    this.#dirty = true;
    this.#wake();
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Milliseconds since the last watcher left; meaningful only while there is none. */
  idleMs(now: number): number {
    return now - this.#idleSince;
  }

  /** Adds a watcher. `resumeToken` is empty for a new one. @throws INVALID_RESUME_TOKEN */
  join(stream: WatchStream, resumeToken: string): void {
    const watcher = new ViewWatcher(stream, this.#environment.counters);
    if (resumeToken !== '') {
      watcher.resumeFrom = decodeResumeToken(resumeToken, this.#messages.scope);
    }
    stream.onDrain(() => this.#drained(watcher));
    this.#watchers.add(watcher);
    this.#environment.counters.viewWatchers++;
    this.#joining.add(watcher);
    // Subscribed before the first read, so that no change falls between the two.
    this.#unsubscribe ??= this.#subscribe();
    stream.onClose(() => this.#leave(watcher));
    this.#wake();
  }

  /** Periodic work: checkpoints, slow watchers, trying an index again that was away. */
  tick(now: number): void {
    const { checkpointMs, slowAfterMs } = this.#environment.options;
    this.#forget(this.#history.forget(now));
    // They serve those who come to the same frame together; kept on, they double what a view holds.
    this.#messages.clear();
    if (this.#watchers.size === 0) return;
    if (now - this.#lastCheckedAt >= checkpointMs) {
      this.#lastCheckedAt = now;
      void this.#check();
    }
    void fairPass(this.#watchers, (watcher) => {
      if (watcher.laggingMs(now) >= slowAfterMs) {
        watcher.endTooSlow();
        this.#leave(watcher);
      } else if (watcher.idleMs(now) >= checkpointMs) {
        this.#checkpoint(watcher);
      }
    });
    this.#wake();
  }

  /** Ends every stream: with `error`, or without one because the server shuts down. */
  endAll(error?: RostrumError): void {
    for (const watcher of [...this.#watchers]) {
      if (error === undefined) watcher.endShuttingDown();
      else watcher.stream.end(error);
      this.#leave(watcher);
    }
  }

  /** Lets go of what the view keeps; it must have no watchers. */
  release(): void {
    this.#history.clear();
    this.#messages.clear();
    this.#frame = undefined;
  }

  #subscribe(): () => void {
    return this.#environment.signals.subscribe(this.#ranking, () => {
      if (this.#dirty && this.#timer !== undefined) return;
      this.#dirty = true;
      this.#wake();
    });
  }

  #leave(watcher: ViewWatcher): void {
    if (!this.#watchers.delete(watcher)) return;
    this.#environment.counters.viewWatchers--;
    this.#joining.delete(watcher);
    if (this.#watchers.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#messages.clear();
    this.#idleSince = performance.now();
  }

  /** Starts the next read as soon as it may start. */
  #wake(): void {
    if (this.#reading || this.#watchers.size === 0) return;
    const joinAt =
      this.#joining.size > 0
        ? this.#lastReadAt + this.#environment.options.readGapMs
        : Number.POSITIVE_INFINITY;
    const turnAt = this.#dirty ? this.#lastTurnAt + this.#minIntervalMs : Number.POSITIVE_INFINITY;
    const dueAt = Math.min(joinAt, turnAt);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (dueAt === Number.POSITIVE_INFINITY) return;
    const wait = dueAt - performance.now();
    if (wait > 0) this.#timer = setTimeout(() => this.#wake(), Math.ceil(wait));
    else void this.#refresh();
  }

  /**
   * Looks at the revision now and then, signal or not, so that even a lost signal is no lost change.
   * The rows are read only where it is another: those of all views would be too much for that.
   */
  async #check(): Promise<void> {
    const seen = await this.#tryRead(FIRST_ROW);
    const { epoch, revision } = this.#frame ?? {};
    if (seen !== undefined && seen.epoch === epoch && seen.revision === revision) return;
    this.#dirty = true;
    this.#wake();
  }

  async #refresh(): Promise<void> {
    const { tickMs } = this.#environment.options;
    const turn = performance.now() - this.#lastTurnAt >= this.#minIntervalMs;
    const joiners = [...this.#joining];
    this.#joining.clear();
    if (turn) this.#dirty = false;
    this.#reading = true;
    this.#lastReadAt = performance.now();
    const view = await this.#tryRead(this.#read);
    this.#reading = false;
    if (this.#watchers.size === 0) return;
    const now = performance.now();
    if (turn) this.#lastTurnAt = now;
    if (view === undefined) {
      // The next signal or tick tries again, even where the interval is long.
      this.#dirty = true;
      if (turn) this.#lastTurnAt = now - Math.max(0, this.#minIntervalMs - tickMs);
      for (const watcher of joiners) if (this.#watchers.has(watcher)) this.#joining.add(watcher);
      return;
    }
    this.#accept(view, joiners, turn);
    this.#wake();
  }

  async #tryRead(read: RankingRead): Promise<RankingView | undefined> {
    try {
      const { reader, turns, slots } = this.#environment;
      const connection = this.#mostModest();
      if (connection === undefined) return undefined;
      const rows = rowsOf(read);
      const task = () => reader.tryRead(this.#ranking, read);
      return await turns.read(
        { connection, cancelled: false },
        rows,
        () => slots.run(connection, task, rows),
        (view) => view,
      );
    } catch (fault) {
      this.#environment.reportFault(fault);
      return undefined;
    }
  }

  /** For whom it is read: of some connections the one whose identity has least in reading. */
  #mostModest(): Caller | undefined {
    let modest: Caller | undefined;
    let looked = 0;
    for (const connection of this.#watchers.connections) {
      if (modest === undefined || connection.of.rows < modest.of.rows) modest = connection;
      looked += 1;
      if (looked >= MAX_LOOKED_AT) break;
    }
    return modest;
  }

  #accept(view: RankingView, joiners: readonly ViewWatcher[], turn: boolean): void {
    const before = this.#frame;
    const frame = nextFrame(before, view);
    if (frame !== before) {
      this.#frame = frame;
      if (before?.lineage === frame.lineage) {
        this.#forget(this.#history.add(before, performance.now()));
      } else {
        this.#history.clear();
      }
    }
    for (const watcher of joiners) if (this.#watchers.has(watcher)) this.#greet(watcher, frame);
    if (turn) void this.#stepEveryone();
    // A frame that only new watchers have seen is due for the others at the next turn.
    else if (frame !== before) this.#dirty = true;
  }

  /** The first message of a watcher. */
  #greet(watcher: ViewWatcher, frame: Frame): void {
    const resumeFrom = watcher.resumeFrom;
    watcher.resumeFrom = undefined;
    if (resumeFrom === undefined) {
      this.#send(watcher, frame, this.#messages.snapshot(frame, false));
      return;
    }
    const { epoch, revision } = resumeFrom;
    if (frame.epoch === epoch && frame.wasSeenAt(revision)) {
      this.#send(watcher, frame, this.#messages.checkpoint(frame));
      return;
    }
    const from = this.#history.find(epoch, revision);
    const message =
      from === undefined
        ? this.#messages.snapshot(frame, true)
        : this.#messages.changes(from, frame);
    this.#send(watcher, frame, message);
  }

  async #stepEveryone(): Promise<void> {
    if (this.#stepping) {
      this.#stepAgain = true;
      return;
    }
    this.#stepping = true;
    do {
      this.#stepAgain = false;
      await fairPass(this.#watchers, (watcher) => this.#step(watcher));
    } while (this.#stepAgain);
    this.#stepping = false;
  }

  /** Brings a watcher from its frame to the present one, in one message. */
  #step(watcher: ViewWatcher): void {
    const frame = this.#frame;
    const from = watcher.frame;
    if (frame === undefined || from === frame || watcher.lagging) return;
    // Its first message is still to come.
    if (watcher.resumeToken === '') return;
    const message =
      from === undefined || from.lineage !== frame.lineage
        ? this.#messages.snapshot(frame, true)
        : this.#messages.changes(from, frame);
    this.#send(watcher, frame, message);
  }

  #checkpoint(watcher: ViewWatcher): void {
    const frame = this.#frame;
    if (frame === undefined || watcher.frame !== frame || watcher.lagging) return;
    this.#send(watcher, frame, this.#messages.checkpoint(frame));
  }

  #send(watcher: ViewWatcher, frame: Frame, message: EncodedMessage): void {
    watcher.frame = frame;
    watcher.send(message);
  }

  #drained(watcher: ViewWatcher): void {
    if (!watcher.lagging) return;
    watcher.drained();
    if (watcher.idleMs(performance.now()) >= this.#minIntervalMs) {
      this.#step(watcher);
    } else if (watcher.frame !== this.#frame) {
      this.#dirty = true;
      this.#wake();
    }
  }

  /** Watchers still at a forgotten frame start over when they drain, so that it can be freed. */
  #forget(frames: readonly Frame[]): void {
    if (frames.length === 0) return;
    const forgotten = new Set(frames);
    for (const watcher of this.#watchers) {
      if (watcher.lagging && watcher.frame !== undefined && forgotten.has(watcher.frame)) {
        watcher.frame = undefined;
      }
    }
  }
}
