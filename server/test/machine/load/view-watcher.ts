import {
  RankChange_Kind,
  WatchStandingsRequest,
  type WatchStandingsResponse,
} from '../../../../clients/typescript/dist/gen/rostrum/v1/watch.js';
import { BOARDS, playerId, playerNumber } from '../boards.ts';
import {
  type History,
  ROW,
  type Rows,
  type Shown,
  type ViewHistory,
  type ViewSpec,
} from '../history.ts';
import type { Caller } from './callers.ts';
import { WatchStream } from './watch-stream.ts';

const INTERVAL_MS = 150;

interface Row {
  readonly rank: number;
  readonly submissions: number;
  readonly score: number;
  readonly subscore: number;
}

/** Keeps a view current by its messages, as a client would, and records what it showed when. */
export class ViewWatcher {
  readonly #history: History;
  readonly #own: ViewHistory;
  readonly #watch: WatchStream<WatchStandingsResponse>;
  readonly #rows = new Map<number, Row>();
  #total = 0;
  #token = '';
  #shown: Shown | undefined;

  constructor(
    history: History,
    name: string,
    board: number,
    view: ViewSpec,
    callers: readonly Caller[],
  ) {
    this.#history = history;
    this.#own = { watcher: name, board, view, shown: [] };
    history.views.push(this.#own);
    this.#watch = new WatchStream<WatchStandingsResponse>(history, name, callers, {
      open: ({ watch }) =>
        watch.watchStandings(
          WatchStandingsRequest.fromPartial({
            leaderboardId: (BOARDS[board] as (typeof BOARDS)[number]).id,
            view: toMessage(view),
            minInterval: { seconds: 0, nanos: INTERVAL_MS * 1_000_000 },
            resumeToken: this.#token,
          }),
        ),
      onMessage: (message, caller) => this.#take(message, caller),
      onInterrupted: () => this.#close(),
      onExpired: () => {
        this.#token = '';
      },
    });
  }

  /** What it shows now. */
  get current(): Shown | undefined {
    return this.#shown;
  }

  get name(): string {
    return this.#own.watcher;
  }

  get board(): number {
    return this.#own.board;
  }

  get view(): ViewSpec {
    return this.#own.view;
  }

  async stop(): Promise<void> {
    await this.#watch.stop();
    this.#close();
  }

  #close(): void {
    if (this.#shown !== undefined) this.#shown.until = performance.now();
    this.#shown = undefined;
  }

  #take(message: WatchStandingsResponse, caller: Caller): void {
    const { event, revision, resumeToken } = message;
    const wrong = (what: string) =>
      this.#history.violations.push({
        at: performance.now(),
        server: caller.server,
        what: `${this.#own.watcher}: ${what} (revision ${revision})`,
      });
    const isFirst = this.#token === '';
    this.#token = resumeToken;
    this.#history.count('view message');
    if (event?.$case === 'snapshot') {
      this.#rows.clear();
      for (const standing of event.value.standings) {
        this.#rows.set(playerNumber(standing.playerId), standing);
      }
      this.#total = event.value.totalPlayers;
    } else if (isFirst) {
      wrong('the first message was no snapshot');
    } else if (event?.$case === 'changes') {
      for (const change of event.value.changes) {
        const player = playerNumber(change.playerId);
        const before = this.#rows.get(player);
        const isEntry = change.kind === RankChange_Kind.KIND_ENTERED;
        if (isEntry ? before !== undefined : before === undefined) {
          wrong(`${change.playerId} ${isEntry ? 'entered again' : 'changed without being there'}`);
        } else if (
          before !== undefined &&
          (before.rank !== change.previousRank || before.score !== change.previousScore)
        ) {
          wrong(
            `${change.playerId} had rank ${before.rank} and score ${before.score}, and the change ` +
              `says rank ${change.previousRank} and score ${change.previousScore}`,
          );
        }
        if (change.standing === undefined) this.#rows.delete(player);
        else this.#rows.set(player, change.standing);
      }
      this.#total = event.value.totalPlayers;
    }
    this.#close();
    const now = performance.now();
    this.#shown = {
      server: caller.server,
      at: now,
      until: Number.POSITIVE_INFINITY,
      revision,
      total: this.#total,
      rows: this.#toRows(),
    };
    this.#own.shown.push(this.#shown);
  }

  #toRows(): Rows {
    const sorted = [...this.#rows].sort(([, a], [, b]) => a.rank - b.rank);
    const rows = new Float64Array(sorted.length * ROW);
    sorted.forEach(([player, { rank, submissions, score, subscore }], index) => {
      rows.set([rank, player, submissions, score, subscore], index * ROW);
    });
    return rows;
  }
}

function toMessage(view: ViewSpec): WatchStandingsRequest['view'] {
  if ('top' in view) return { $case: 'top', value: { count: view.top } };
  if ('around' in view) {
    return { $case: 'around', value: { playerId: playerId(view.around), count: view.count } };
  }
  return { $case: 'players', value: { playerIds: view.players.map(playerId) } };
}
