import { setTimeout as delay } from 'node:timers/promises';
import {
  WatchChangesRequest,
  type WatchChangesResponse,
} from '../../../../clients/typescript/dist/gen/rostrum/v1/watch.js';
import { BOARDS, playerNumber } from '../boards.ts';
import { type History, ROW, type Segment } from '../history.ts';
import type { Caller } from './callers.ts';
import { listAll } from './readers.ts';
import { WatchStream } from './watch-stream.ts';

/** Follows the feed of a board from the start on, over every end and reset. */
export class FeedRecorder {
  readonly #history: History;
  readonly #name: string;
  readonly #board: number;
  readonly #watch: WatchStream<WatchChangesResponse>;
  #token = '';
  #segment: Segment | undefined;
  #revision = 0;
  #why = 'the start';
  #stopped = false;

  constructor(history: History, name: string, board: number, callers: readonly Caller[]) {
    this.#history = history;
    this.#name = name;
    this.#board = board;
    this.#watch = new WatchStream<WatchChangesResponse>(history, name, callers, {
      open: ({ watch }) =>
        watch.watchChanges(
          WatchChangesRequest.fromPartial({
            leaderboardId: (BOARDS[board] as (typeof BOARDS)[number]).id,
            resumeToken: this.#token,
          }),
        ),
      onMessage: (message, caller) => this.#take(message, caller),
      onInterrupted: () => {},
      onExpired: () => {
        this.#token = '';
        this.#end();
        this.#why = 'its token had expired';
      },
    });
  }

  /** Whether the service has told where the feed begins. */
  get isOpen(): boolean {
    return this.#segment !== undefined;
  }

  get name(): string {
    return this.#name;
  }

  get board(): number {
    return this.#board;
  }

  /** The revision up to which everything was told. */
  get revision(): number {
    return this.#revision;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watch.stop();
    this.#end();
  }

  #end(): void {
    if (this.#segment !== undefined) this.#segment.end = performance.now();
    this.#segment = undefined;
  }

  #take(message: WatchChangesResponse, caller: Caller): void {
    const now = performance.now();
    this.#token = message.resumeToken;
    const wrong = (what: string) =>
      this.#history.violations.push({ at: now, server: caller.server, what });
    if (message.reset) {
      this.#end();
      this.#why = 'a reset';
    }
    if (this.#segment === undefined) {
      this.#begin(message.revision - message.changes.length, caller);
    }
    const segment = this.#segment as unknown as Segment;
    for (const change of message.changes) {
      const { standing, revision } = change;
      if (revision !== this.#revision + 1 || standing === undefined) {
        wrong(`${this.#name}: change ${revision} came after ${this.#revision}`);
        // What follows is told apart, so that the gap is reported once.
        this.#end();
        this.#why = 'a gap';
        this.#begin(revision, caller);
        return;
      }
      this.#revision = revision;
      segment.at.push(now);
      segment.by.push(caller.server);
      segment.players.push(playerNumber(change.playerId));
      segment.submissions.push(standing.submissions);
      segment.scores.push(standing.score);
      segment.subscores.push(standing.subscore);
      segment.ranks.push(standing.rank);
      segment.previousRanks.push(change.previousRank ?? 0);
      segment.previousScores.push(change.previousScore ?? Number.NaN);
    }
    if (message.revision !== this.#revision) {
      wrong(`${this.#name}: revision ${message.revision} was told after ${this.#revision}`);
      this.#revision = message.revision;
      this.#end();
      this.#why = 'a gap';
    }
    this.#history.count('feed message');
  }

  #begin(from: number, caller: Caller): void {
    this.#revision = from;
    const segment: Segment = {
      watcher: this.#name,
      board: this.#board,
      from,
      begin: performance.now(),
      end: Number.POSITIVE_INFINITY,
      why: this.#why,
      baseRevision: -1,
      at: [],
      by: [],
      players: [],
      submissions: [],
      scores: [],
      subscores: [],
      ranks: [],
      previousRanks: [],
      previousScores: [],
    };
    this.#segment = segment;
    this.#history.segments.push(segment);
    void this.#findBase(segment, caller);
  }

  /** As the contract says after a reset: read the standings anew, and apply what follows. */
  async #findBase(segment: Segment, caller: Caller): Promise<void> {
    const isCurrent = () => this.#segment === segment && !this.#stopped;
    while (isCurrent()) {
      const result = await listAll(caller, this.#board);
      if ('ok' in result && (result.ok.revision >= segment.from || result.ok.total === 0)) {
        const { revision, total, rows } = result.ok;
        const isEmpty = total === 0 && this.#history.submissions.length === 0;
        if (isEmpty || revision > 0) {
          const base = new Int32Array((BOARDS[this.#board] as (typeof BOARDS)[number]).players);
          for (let at = 0; at < rows.length; at += ROW) {
            base[rows[at + 1] as number] = rows[at + 2] as number;
          }
          // Only once the feed has come that far is it sure that it is the same index.
          const from = isEmpty ? segment.from : revision;
          while (isCurrent() && this.#revision < from) await delay(20);
          if (!isCurrent()) return;
          segment.base = base;
          segment.baseRevision = from;
          return;
        }
      }
      await delay(50);
    }
  }
}
