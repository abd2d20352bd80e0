import {
  type ChangesMessage,
  isRostrumError,
  type LiveView,
  type RostrumClient,
  type StandingsView,
} from '@rostrum/client';
import { expect } from 'vitest';

/** Follows the feed of a ranking through every fault, and checks that it never misses silently. */
class FeedWatcher {
  /** What was wrong; must stay empty. */
  readonly violations: string[] = [];
  readonly #stopped = new AbortController();
  readonly #ended: Promise<void>;
  #revision = 0;
  #changes = 0;
  #resets = 0;
  #interruptions = 0;
  #waiting: { reached: () => boolean; resolve: () => void }[] = [];

  /** Resolves when the service has told where the feed begins. */
  static async open(client: RostrumClient, leaderboardId: string): Promise<FeedWatcher> {
    const watcher = new FeedWatcher(client, leaderboardId);
    await watcher.#when(() => watcher.#revision > 0);
    return watcher;
  }

  private constructor(client: RostrumClient, leaderboardId: string) {
    this.#ended = this.#follow(client, leaderboardId);
  }

  get changes(): number {
    return this.#changes;
  }

  get resets(): number {
    return this.#resets;
  }

  get interruptions(): number {
    return this.#interruptions;
  }

  /** Resolves when everything up to this revision was told. */
  async reach(revision: number): Promise<void> {
    await this.#when(() => this.#revision >= revision);
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#ended;
  }

  async #when(reached: () => boolean): Promise<void> {
    if (reached() || this.#stopped.signal.aborted) return;
    await new Promise<void>((resolve) => this.#waiting.push({ reached, resolve }));
  }

  async #follow(client: RostrumClient, leaderboardId: string): Promise<void> {
    const onInterrupted = () => {
      this.#interruptions += 1;
    };
    const options = { signal: this.#stopped.signal, onInterrupted };
    while (!this.#stopped.signal.aborted) {
      try {
        for await (const message of client.watch.changes({ leaderboardId }, options)) {
          this.#take(message);
        }
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        if (!isRostrumError(error, 'RESUME_TOKEN_EXPIRED')) {
          this.violations.push(`the feed ended: ${String(error)}`);
          this.#stopped.abort();
          this.#wake();
          return;
        }
        // A clear word: what is not retained any more is read anew, and watched from there on.
        this.#resets += 1;
        this.#revision = 0;
      }
    }
  }

  #take(message: ChangesMessage): void {
    if (message.reset) {
      this.#resets += 1;
      this.#revision = message.revision - message.changes.length;
    } else if (this.#revision === 0) {
      this.#revision = message.revision - message.changes.length;
    }
    for (const { revision } of message.changes) {
      if (revision !== this.#revision + 1) {
        this.violations.push(`change ${revision} came after ${this.#revision}`);
      }
      this.#revision = revision;
      this.#changes += 1;
    }
    if (message.revision !== this.#revision) {
      this.violations.push(`revision ${message.revision} was told after ${this.#revision}`);
    }
    this.#wake();
  }

  #wake(): void {
    this.#waiting = this.#waiting.filter(({ reached, resolve }) => {
      if (!reached() && !this.#stopped.signal.aborted) return true;
      resolve();
      return false;
    });
  }
}

/** A feed and views of a ranking that are open during a fault. */
export class Watchers {
  readonly feed: FeedWatcher;
  readonly #client: RostrumClient;
  readonly #leaderboardId: string;
  readonly #views: { readonly view: StandingsView; readonly live: LiveView }[];

  static async open(
    client: RostrumClient,
    leaderboardId: string,
    playerId: string,
  ): Promise<Watchers> {
    const feed = await FeedWatcher.open(client, leaderboardId);
    const views: StandingsView[] = [
      { top: 10 },
      { around: playerId, count: 7 },
      { players: ['c0-p0', 'c1-p1', 'c2-p2', 'nobody'] },
    ];
    const watchers = new Watchers(client, leaderboardId, feed, views);
    await Promise.all(watchers.#views.map(({ live }) => live.ready()));
    return watchers;
  }

  private constructor(
    client: RostrumClient,
    leaderboardId: string,
    feed: FeedWatcher,
    views: readonly StandingsView[],
  ) {
    this.feed = feed;
    this.#client = client;
    this.#leaderboardId = leaderboardId;
    this.#views = views.map((view) => ({
      view,
      live: client.watch.liveView({ leaderboardId, view }),
    }));
  }

  /** Nothing is submitted any more: every watcher must come to show what a read shows. */
  async expectCurrent(): Promise<void> {
    const { revision } = await this.#client.standings.listPage({
      leaderboardId: this.#leaderboardId,
    });
    await this.feed.reach(revision);
    expect(this.feed.violations).toEqual([]);
    for (const { view, live } of this.#views) {
      await expect
        .poll(() => ({ standings: live.standings, totalPlayers: live.totalPlayers }), {
          timeout: 15_000,
        })
        .toEqual(await this.#read(view));
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.feed.close(), ...this.#views.map(({ live }) => live.close())]);
  }

  async #read(view: StandingsView) {
    const leaderboardId = this.#leaderboardId;
    const { standings: group } = this.#client;
    if ('top' in view) {
      const { standings, totalPlayers } = await group.top({ leaderboardId, count: view.top });
      return { standings, totalPlayers };
    }
    if ('around' in view) {
      const { around: playerId, count } = view;
      const { standings, totalPlayers } = await group.around({ leaderboardId, playerId, count });
      return { standings, totalPlayers };
    }
    const answer = await group.batchGet({ leaderboardId, playerIds: view.players });
    const standings = answer.standings.map(({ relativeRank: _, ...standing }) => standing);
    return { standings, totalPlayers: answer.totalPlayers };
  }
}
