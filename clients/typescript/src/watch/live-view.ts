import { RostrumError } from '../errors/rostrum-error.js';
import type { Standing } from '../standings/standing.js';
import type { Connection } from '../transport/connection.js';
import { LiveStandings, standingChanges } from './live-standings.js';
import type { LiveViewState } from './live-view-state.js';
import type { RankChange } from './rank-change.js';
import type { StandingsEvent, WatchOptions } from './watch.js';

/** The state of a view after something changed in it. */
export interface LiveViewUpdate {
  /** Best first. */
  readonly standings: readonly Standing[];
  /** How many players the ranking has. */
  readonly totalPlayers: number;
  /** The revision of the ranking that this shows. */
  readonly revision: number;
  /** How the standings differ from the update before; empty in the first one. */
  readonly changes: readonly RankChange[];
}

/**
 * A view that is kept current: `standings`, `totalPlayers` and `revision` hold the latest state
 * whether anybody loops or not, and `state` says whether that is what the server shows now.
 *
 * `for await (const update of view)` gives the present state and then each later one. A loop that is
 * slower than the changes skips states in between: it then gets one update with all differences
 * since its last. Leaving the loop closes the view; so do `close`, the signal and the client's end.
 * The loop ends when the view is closed by `close`, and throws the error that closed it otherwise.
 */
export class LiveView implements AsyncIterable<LiveViewUpdate>, AsyncDisposable {
  readonly #live = new LiveStandings();
  readonly #closing = new AbortController();
  readonly #finished: Promise<void>;
  readonly #updateListeners = new Set<(update: LiveViewUpdate) => void>();
  readonly #stateListeners = new Set<(state: LiveViewState) => void>();
  #changed = Promise.withResolvers<void>();
  /** Counts states; 0 until the first snapshot. */
  #version = 0;
  #state: LiveViewState = { status: 'connecting' };

  /** Made by `client.watch.liveView`. */
  constructor(
    connection: Connection,
    watch: (options: WatchOptions) => AsyncIterable<StandingsEvent>,
    { signal, onInterrupted, onLive, awaitLeaderboard }: WatchOptions,
  ) {
    const own = this.#closing.signal;
    const events = watch({
      signal: signal ? AbortSignal.any([signal, own]) : own,
      onInterrupted: (error, waitMs) => {
        this.#become({ status: 'interrupted', error, since: new Date() });
        onInterrupted?.(error, waitMs);
      },
      onLive,
      awaitLeaderboard,
    });
    this.#finished = this.#follow(events);
    connection.waitOnClose(this.#finished);
  }

  /** The current standings, best first; empty until the view is `ready`. */
  get standings(): readonly Standing[] {
    return this.#live.standings;
  }

  /** How many players the ranking has. */
  get totalPlayers(): number {
    return this.#live.totalPlayers;
  }

  /** The revision of the ranking that the view shows; 0 until the view is `ready`. */
  get revision(): number {
    return this.#live.revision;
  }

  /** Whether the standings are current, and what ended the view if it is over. */
  get state(): LiveViewState {
    return this.#state;
  }

  /**
   * Resolves when the first snapshot is here, also if the view was closed after that.
   * Rejects when the view is closed before: with what closed it, or with VIEW_CLOSED. Nobody need
   * await it: `state` tells the same.
   */
  ready(): Promise<void> {
    const ready = this.#untilReady();
    ready.catch(() => {});
    return ready;
  }

  async #untilReady(): Promise<void> {
    while (this.#version === 0) {
      if (this.#state.status === 'closed') throw this.#state.error ?? viewClosed();
      await this.#changed.promise;
    }
  }

  /** Calls `listener` with every update from now on; what it throws closes the view. Returns the way to stop. */
  onUpdate(listener: (update: LiveViewUpdate) => void): () => void {
    this.#updateListeners.add(listener);
    return () => this.#updateListeners.delete(listener);
  }

  /**
   * Calls `listener` with every later `state`, of which `closed` is the last; what it throws closes
   * the view. Returns the way to stop.
   */
  onState(listener: (state: LiveViewState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /** Ends the watch; loops over the view end. Resolves when it is down. */
  close(): Promise<void> {
    this.#closing.abort();
    return this.#finished;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveViewUpdate, void, undefined> {
    if (this.#endsLoop()) return;
    let seenVersion = 0;
    let seen: readonly Standing[] | undefined;
    try {
      for (;;) {
        if (this.#version === seenVersion) {
          if (this.#endsLoop()) return;
          await this.#changed.promise;
          continue;
        }
        seenVersion = this.#version;
        const update = this.#update(seen);
        seen = update.standings;
        yield update;
      }
    } finally {
      await this.close();
    }
  }

  /** Whether a loop ends now. @throws what closed the view otherwise than by `close` */
  #endsLoop(): boolean {
    if (this.#state.status !== 'closed') return false;
    if (this.#state.error !== undefined) throw this.#state.error;
    return true;
  }

  async #follow(events: AsyncIterable<StandingsEvent>): Promise<void> {
    let failure: unknown;
    try {
      for await (const event of events) this.#apply(event);
    } catch (error) {
      if (!this.#closing.signal.aborted) failure = error;
    }
    this.#updateListeners.clear();
    try {
      this.#become({ status: 'closed', error: failure });
    } catch (error) {
      // The view is over, and what tells of it failed: there is nobody left to tell.
      process.emitWarning(error instanceof Error ? error : String(error));
    }
    this.#stateListeners.clear();
    this.#changed.resolve();
  }

  #apply(event: StandingsEvent): void {
    const before = this.#version === 0 ? undefined : this.#live.standings;
    this.#live.apply(event);
    if (event.type !== 'checkpoint') {
      this.#version += 1;
      const { resolve } = this.#changed;
      this.#changed = Promise.withResolvers<void>();
      resolve();
    }
    if (this.#state.status !== 'live') this.#become({ status: 'live' });
    if (event.type === 'checkpoint' || this.#updateListeners.size === 0) return;
    const update = this.#update(before);
    for (const listener of this.#updateListeners) listener(update);
  }

  #become(state: LiveViewState): void {
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }

  #update(before: readonly Standing[] | undefined): LiveViewUpdate {
    const { standings, totalPlayers, revision } = this.#live;
    const changes = before ? standingChanges(before, standings) : [];
    return { standings, totalPlayers, revision, changes };
  }
}

function viewClosed(): RostrumError {
  const message = 'the live view was closed before it had its first standings';
  return new RostrumError('CANCELLED', 'VIEW_CLOSED', message);
}
