import type { Standing } from '../standings/standing.js';
import { LiveStandings, standingChanges } from './live-standings.js';
import type { RankChange } from './rank-change.js';
import type { StandingsEvent } from './watch.js';

/** The state of a view after something changed in it. */
export interface LiveViewUpdate {
  /** Best first. */
  readonly standings: readonly Standing[];
  /** How many players the ranking has. */
  readonly totalPlayers: number;
  readonly revision: number;
  /** How the standings differ from the update before; empty in the first one. */
  readonly changes: readonly RankChange[];
}

/**
 * A view that is always current: `standings`, `totalPlayers` and `revision` hold the latest state
 * whether anybody loops or not.
 *
 * `for await (const update of view)` gives the present state and then each later one. A loop that is
 * slower than the changes skips states in between: it then gets one update with all differences
 * since its last. Leaving the loop closes the view; so do `close`, the signal and the client's end.
 */
export class LiveView implements AsyncIterable<LiveViewUpdate>, AsyncDisposable {
  readonly #live = new LiveStandings();
  readonly #closing = new AbortController();
  readonly #finished: Promise<void>;
  readonly #listeners = new Set<(update: LiveViewUpdate) => void>();
  #changed = Promise.withResolvers<void>();
  /** Counts states; 0 until the first snapshot. */
  #version = 0;
  #ended = false;
  #failure: unknown;

  /** Made by `client.watch.liveView`. */
  constructor(
    watch: (signal: AbortSignal) => AsyncIterable<StandingsEvent>,
    signal: AbortSignal | undefined,
  ) {
    const own = this.#closing.signal;
    this.#finished = this.#follow(watch(signal ? AbortSignal.any([signal, own]) : own));
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

  /** Resolves when the first snapshot is here. @throws as the loop does */
  async ready(): Promise<void> {
    while (this.#version === 0) {
      this.#throwIfEnded();
      if (this.#ended) return;
      await this.#changed.promise;
    }
  }

  /** Calls `listener` with every state from now on. Returns the way to stop. */
  onUpdate(listener: (update: LiveViewUpdate) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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
    let seenVersion = 0;
    let seen: readonly Standing[] | undefined;
    try {
      for (;;) {
        if (this.#version === seenVersion) {
          this.#throwIfEnded();
          if (this.#ended) return;
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

  async #follow(events: AsyncIterable<StandingsEvent>): Promise<void> {
    try {
      for await (const event of events) this.#apply(event);
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#failure = error;
    }
    this.#ended = true;
    this.#listeners.clear();
    this.#changed.resolve();
  }

  #apply(event: StandingsEvent): void {
    const before = this.#version === 0 ? undefined : this.#live.standings;
    this.#live.apply(event);
    if (event.type === 'checkpoint') return;
    this.#version += 1;
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
    if (this.#listeners.size === 0) return;
    const update = this.#update(before);
    for (const listener of this.#listeners) listener(update);
  }

  #update(before: readonly Standing[] | undefined): LiveViewUpdate {
    const { standings, totalPlayers, revision } = this.#live;
    const changes = before ? standingChanges(before, standings) : [];
    return { standings, totalPlayers, revision, changes };
  }

  #throwIfEnded(): void {
    if (this.#ended && this.#failure !== undefined) throw this.#failure;
  }
}
