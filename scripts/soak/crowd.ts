import { SteadyLoad } from './load.ts';
import type { SoakStage } from './stage.ts';
import { WatchConnection } from './watch-connection.ts';

/** Watchers that stay from the beginning to the end. */
const STEADY_CONNECTIONS = 20;
const WATCHES_EACH = 5;
export const STEADY_WATCHES = STEADY_CONNECTIONS * WATCHES_EACH;

/** Watchers that come, go, stall and die while some stay. */
export class Crowd {
  came = 0;
  stalled = 0;
  died = 0;
  readonly #stage: SoakStage;
  readonly #steady: WatchConnection[];
  readonly #passing = new Set<WatchConnection>();
  readonly #timers: NodeJS.Timeout[];
  #made = 0;

  constructor(stage: SoakStage) {
    this.#stage = stage;
    this.#steady = Array.from({ length: STEADY_CONNECTIONS }, () => this.#open());
    this.#timers = [
      setInterval(() => this.#comeAndGo(), 500),
      setInterval(() => this.#stall(), 2_000),
      setInterval(() => this.#die(), 700),
    ];
  }

  /** What the steady watchers have read so far. */
  get messages(): number {
    return this.#steady.reduce((sum, connection) => sum + connection.messages, 0);
  }

  /** Sends all but the steady watchers away. */
  stopPassing(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const connection of this.#passing) connection.die();
    this.#passing.clear();
  }

  stop(): void {
    this.stopPassing();
    for (const connection of this.#steady.splice(0)) connection.leave();
  }

  #open(): WatchConnection {
    this.#made += 1;
    const n = this.#made;
    const connection = new WatchConnection(this.#stage.address, this.#stage.tls('reader'));
    const board = SteadyLoad.board(n);
    connection.watchTop(board, 10);
    connection.watchTop(board, 100);
    connection.watchAround(board, SteadyLoad.player(n));
    connection.watchAround(board, 'nobody');
    connection.watchChanges(board);
    return connection;
  }

  #pass(lifeMs: number, end: (connection: WatchConnection) => void): WatchConnection {
    const connection = this.#open();
    this.#passing.add(connection);
    setTimeout(() => {
      if (this.#passing.delete(connection)) end(connection);
    }, lifeMs).unref();
    return connection;
  }

  #comeAndGo(): void {
    this.came += 1;
    this.#pass(1_000 + Math.random() * 10_000, (connection) => connection.leave());
  }

  /** Longer than the server waits for it. */
  #stall(): void {
    this.stalled += 1;
    const connection = this.#pass(45_000, (each) => each.die());
    setTimeout(() => connection.stall(), 1_000).unref();
  }

  #die(): void {
    this.died += 1;
    this.#pass(500 + Math.random() * 5_000, (connection) => connection.die());
  }
}
