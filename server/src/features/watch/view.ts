import type { Caller } from '../../domain/caller.js';
import { type Ranking, type RankingRead, type RankingView, rowsOf } from '../../domain/ranking.js';
import { fairPass } from './fair-pass.js';
import { type Frame, nextFrame } from './frame.js';
import { FrameHistory } from './frame-history.js';
import type { WatchStream } from './ports.js';
import { decodeResumeToken } from './resume-token.js';
import { hashOf, readOf, type ViewSpec } from './view-key.js';
import { ViewMessages } from './view-messages.js';
import { ViewWatcher } from './view-watcher.js';
import type { WatchEnvironment } from './watch-environment.js';
import { FIRST_ROW, WatchGroup } from './watch-group.js';
import type { EncodedMessage } from './wire/watch-encoding.js';

/** Connections that are looked at to choose for whom a view is read. */
const MAX_LOOKED_AT = 8;

/**
 * A part of a ranking and everyone who watches it with the same interval.
 *
 * A read makes a frame; watchers move from their frame to the present one in one step. Frames come
 * at most once per interval, except that a new watcher gets a fresh frame at once: what was
 * acknowledged before it called is in its snapshot.
 */
export class View extends WatchGroup<ViewWatcher> {
  readonly #read: RankingRead;
  readonly #messages: ViewMessages;
  readonly #history: FrameHistory;
  /** Watchers that wait for a read that begins after they came. */
  readonly #joining = new Set<ViewWatcher>();
  #frame: Frame | undefined;
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
    private readonly minIntervalMs: number,
    private readonly environment: WatchEnvironment,
  ) {
    super(ranking, environment.signals);
    this.#read = readOf(spec);
    this.#messages = new ViewMessages(ranking.seasonNo, hashOf(spec), environment.counters);
    this.#history = new FrameHistory(environment.options, environment.budget);
  }

  /** Milliseconds since the last watcher left; meaningful only while there is none. */
  idleMs(now: number): number {
    return now - this.#idleSince;
  }

  /** Adds a watcher. `resumeToken` is empty for a new one. @throws INVALID_RESUME_TOKEN */
  join(stream: WatchStream, resumeToken: string): void {
    const watcher = new ViewWatcher(stream, this.environment.counters);
    if (resumeToken !== '') {
      watcher.resumeFrom = decodeResumeToken(resumeToken, this.#messages.scope);
    }
    stream.onDrain(() => this.#drained(watcher));
    this.watchers.add(watcher);
    this.environment.counters.viewWatchers++;
    this.#joining.add(watcher);
    // Subscribed before the first read, so that no change falls between the two.
    this.subscribe();
    stream.onClose(() => this.leave(watcher));
    this.#wake();
  }

  tick(now: number): void {
    const { checkpointMs, slowAfterMs } = this.environment.options;
    this.#forget(this.#history.forget(now));
    // They serve watchers who come to the same frame together; kept longer, they double what a view holds.
    this.#messages.clear();
    if (this.watchers.size === 0) return;
    if (now - this.#lastCheckedAt >= checkpointMs) {
      this.#lastCheckedAt = now;
      void this.#check();
    }
    void fairPass(this.watchers, (watcher) => {
      if (watcher.laggingMs(now) >= slowAfterMs) {
        watcher.endTooSlow();
        this.leave(watcher);
      } else if (watcher.idleMs(now) >= checkpointMs) {
        this.#checkpoint(watcher);
      }
    });
    this.#wake();
  }

  /** Lets go of what the view keeps; it must have no watchers. */
  release(): void {
    this.#history.clear();
    this.#messages.clear();
    this.#frame = undefined;
  }

  protected look(): void {
    if (this.#dirty && this.#timer !== undefined) return;
    this.#dirty = true;
    this.#wake();
  }

  protected leave(watcher: ViewWatcher): void {
    if (!this.watchers.delete(watcher)) return;
    this.environment.counters.viewWatchers--;
    this.#joining.delete(watcher);
    if (this.watchers.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.unsubscribe();
    this.#messages.clear();
    this.#idleSince = performance.now();
  }

  /** Starts the next read as soon as it may start. */
  #wake(): void {
    if (this.#reading || this.watchers.size === 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const never = Number.POSITIVE_INFINITY;
    const { readGapMs } = this.environment.options;
    const joinAt = this.#joining.size > 0 ? this.#lastReadAt + readGapMs : never;
    const turnAt = this.#dirty ? this.#lastTurnAt + this.minIntervalMs : never;
    const dueAt = Math.min(joinAt, turnAt);
    if (dueAt === never) return;
    const wait = dueAt - performance.now();
    if (wait > 0) this.#timer = setTimeout(() => this.#wake(), Math.ceil(wait));
    else void this.#refresh();
  }

  /**
   * Looks at the revision now and then, signal or not, so that even a lost signal is no lost change. Reads the
   * rows only if it is another: those of all views would be too many.
   */
  async #check(): Promise<void> {
    const seen = await this.#tryRead(FIRST_ROW);
    const { epoch, revision } = this.#frame ?? {};
    if (seen !== undefined && seen.epoch === epoch && seen.revision === revision) return;
    this.look();
  }

  async #refresh(): Promise<void> {
    const { tickMs } = this.environment.options;
    const turn = performance.now() - this.#lastTurnAt >= this.minIntervalMs;
    const joiners = [...this.#joining];
    this.#joining.clear();
    if (turn) this.#dirty = false;
    this.#reading = true;
    this.#lastReadAt = performance.now();
    const view = await this.#tryRead(this.#read);
    this.#reading = false;
    if (this.watchers.size === 0) return;
    const now = performance.now();
    if (turn) this.#lastTurnAt = now;
    if (view === undefined) {
      // The next signal or tick tries again, even if the interval is long.
      this.#dirty = true;
      if (turn) this.#lastTurnAt = now - Math.max(0, this.minIntervalMs - tickMs);
      for (const watcher of joiners) if (this.watchers.has(watcher)) this.#joining.add(watcher);
      return;
    }
    this.#accept(view, joiners, turn);
    this.#wake();
  }

  async #tryRead(read: RankingRead): Promise<RankingView | undefined> {
    try {
      const { reader, turns, slots } = this.environment;
      const connection = this.#mostModest();
      if (connection === undefined) return undefined;
      const rows = rowsOf(read);
      const task = () => reader.tryRead(this.ranking, read);
      return await turns.read(
        { connection, cancelled: false },
        rows,
        () => slots.run(connection, task, rows),
        (view) => view,
      );
    } catch (fault) {
      this.environment.reportFault(fault);
      return undefined;
    }
  }

  /** For whom to read: of some connections, the one whose identity is reading the fewest rows. */
  #mostModest(): Caller | undefined {
    let modest: Caller | undefined;
    let looked = 0;
    for (const connection of this.watchers.connections) {
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
    for (const watcher of joiners) if (this.watchers.has(watcher)) this.#greet(watcher, frame);
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
    this.#bring(watcher, this.#history.find(epoch, revision), frame);
  }

  async #stepEveryone(): Promise<void> {
    if (this.#stepping) {
      this.#stepAgain = true;
      return;
    }
    this.#stepping = true;
    do {
      this.#stepAgain = false;
      await fairPass(this.watchers, (watcher) => this.#step(watcher));
    } while (this.#stepAgain);
    this.#stepping = false;
  }

  /** Brings a watcher to the present frame. */
  #step(watcher: ViewWatcher): void {
    const frame = this.#frame;
    const from = watcher.frame;
    if (frame === undefined || from === frame || watcher.lagging) return;
    // Its first message is still to come.
    if (watcher.resumeToken === '') return;
    this.#bring(watcher, from, frame);
  }

  /** Brings a watcher from one frame to another, in one message. */
  #bring(watcher: ViewWatcher, from: Frame | undefined, to: Frame): void {
    const message =
      from?.lineage === to.lineage
        ? this.#messages.changes(from, to)
        : this.#messages.snapshot(to, true);
    this.#send(watcher, to, message);
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
    if (watcher.idleMs(performance.now()) >= this.minIntervalMs) {
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
    for (const watcher of this.watchers) {
      if (watcher.lagging && watcher.frame !== undefined && forgotten.has(watcher.frame)) {
        watcher.frame = undefined;
      }
    }
  }
}
