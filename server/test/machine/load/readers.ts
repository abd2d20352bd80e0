import { setTimeout as delay } from 'node:timers/promises';
import {
  BatchGetStandingsRequest,
  GetStandingRequest,
  ListStandingsAroundRequest,
  ListStandingsRequest,
} from '../../../../clients/typescript/dist/gen/rostrum/v1/standing.js';
import { BOARDS, HOT_PLAYERS, playerId, playerNumber } from '../boards.ts';
import type { History, Read, Rows } from '../history.ts';
import type { Random } from '../random.ts';
import { type Caller, codeOf, type Result, rowsOf, unary } from './callers.ts';
import { Crew } from './crew.ts';

const READERS = 4;
const PAUSE_MS = 25;
/** More than any board has. */
const WHOLE = 1_000;

interface Found {
  readonly revision: number;
  readonly total: number;
  readonly rows: Rows;
  readonly missing?: readonly number[];
}

/** Read without end, each from whichever server. */
export class Readers {
  readonly #history: History;
  readonly #random: Random;
  readonly #crew: Crew;
  readonly #running: Promise<void>[];
  #stopped = false;

  constructor(
    history: History,
    random: Random,
    addresses: readonly string[],
    certificates: string,
  ) {
    this.#history = history;
    this.#random = random;
    this.#crew = new Crew(addresses, certificates, 'reader');
    this.#running = Array.from({ length: READERS }, (_, reader) => this.#run(reader));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
    this.#crew.close();
  }

  async #run(reader: number): Promise<void> {
    while (!this.#stopped) {
      await this.#turn(reader);
      await delay(PAUSE_MS * (0.5 + Math.random()));
    }
  }

  async #turn(reader: number): Promise<void> {
    const random = this.#random;
    const board = random.integer(0, BOARDS.length - 1);
    const { players } = BOARDS[board] as (typeof BOARDS)[number];
    const player = random.chance(0.4)
      ? random.integer(0, HOT_PLAYERS - 1)
      : random.integer(0, players - 1);
    const caller = this.#crew.pick();
    switch (random.integer(0, 5)) {
      case 0:
      case 1:
        await this.#record(reader, caller, board, 'get', player, 1, () =>
          get(caller, board, player),
        );
        break;
      case 2:
      case 3: {
        const count = random.pick([3, 10, 20, WHOLE]);
        const start = count === WHOLE ? 1 : random.integer(1, Math.ceil(players / 2));
        await this.#record(reader, caller, board, 'list', start, count, () =>
          list(caller, board, start, count),
        );
        break;
      }
      case 4: {
        const count = random.pick([1, 5, 11]);
        await this.#record(reader, caller, board, 'around', player, count, () =>
          around(caller, board, player, count),
        );
        break;
      }
      default: {
        const asked = Array.from({ length: 6 }, () => random.integer(0, players + 1));
        await this.#record(reader, caller, board, 'batchGet', -1, asked.length, () =>
          batchGet(caller, board, asked),
        );
      }
    }
  }

  async #record(
    reader: number,
    caller: Caller,
    board: number,
    kind: Read['kind'],
    of: number,
    count: number,
    call: () => Promise<Result<Found>>,
  ): Promise<void> {
    const begin = performance.now();
    const result = await call();
    const end = performance.now();
    const { server } = caller;
    if ('ok' in result) {
      const { revision, total, rows, missing = [] } = result.ok;
      const answer = { begin, end, revision, total, rows, missing, of, count };
      this.#history.reads.push({ reader, server, board, kind, ...answer });
      this.#history.count(kind);
      return;
    }
    const code = codeOf(result.error);
    if (code === 'NOT_FOUND' && (kind === 'get' || kind === 'around')) {
      // An answer too: the player has no entry. From where, it does not tell.
      const answer = { begin, end, revision: -1, total: -1, rows: new Float64Array(0) };
      this.#history.reads.push({
        reader,
        server,
        board,
        kind,
        ...answer,
        missing: [of],
        of,
        count,
      });
      this.#history.count(kind);
      return;
    }
    const message = result.error.details;
    this.#history.failures.push({ what: kind, server, begin, end, code, message });
    this.#crew.failed(caller);
  }
}

async function get(caller: Caller, board: number, player: number): Promise<Result<Found>> {
  const { standings } = caller;
  const request = GetStandingRequest.fromPartial({ ...of(board), playerId: playerId(player) });
  const result = await unary(standings, standings.getStanding, request);
  if ('error' in result) return result;
  const { standing, totalPlayers, revision } = result.ok;
  return { ok: { revision, total: totalPlayers, rows: rowsOf([standing]) } };
}

/** @param count how many from `start` on */
export async function list(
  caller: Caller,
  board: number,
  start: number,
  count: number,
): Promise<Result<Found>> {
  const { standings } = caller;
  const request = ListStandingsRequest.fromPartial({
    ...of(board),
    pageSize: count,
    startRank: start,
  });
  const result = await unary(standings, standings.listStandings, request);
  if ('error' in result) return result;
  const { totalPlayers, revision } = result.ok;
  return { ok: { revision, total: totalPlayers, rows: rowsOf(result.ok.standings) } };
}

/** The whole ranking. */
export function listAll(caller: Caller, board: number): Promise<Result<Found>> {
  return list(caller, board, 1, WHOLE);
}

async function around(
  caller: Caller,
  board: number,
  player: number,
  count: number,
): Promise<Result<Found>> {
  const { standings } = caller;
  const request = ListStandingsAroundRequest.fromPartial({
    ...of(board),
    anchor: { $case: 'playerId', value: playerId(player) },
    count,
  });
  const result = await unary(standings, standings.listStandingsAround, request);
  if ('error' in result) return result;
  const { totalPlayers, revision } = result.ok;
  return { ok: { revision, total: totalPlayers, rows: rowsOf(result.ok.standings) } };
}

async function batchGet(
  caller: Caller,
  board: number,
  players: readonly number[],
): Promise<Result<Found>> {
  const { standings } = caller;
  const playerIds = [...new Set(players)].map(playerId);
  const request = BatchGetStandingsRequest.fromPartial({ ...of(board), playerIds });
  const result = await unary(standings, standings.batchGetStandings, request);
  if ('error' in result) return result;
  const { totalPlayers, revision, missingPlayerIds } = result.ok;
  const rows = rowsOf(result.ok.standings.map(({ standing }) => standing));
  const missing = missingPlayerIds.map(playerNumber);
  return { ok: { revision, total: totalPlayers, rows, missing } };
}

function of(board: number): { leaderboardId: string } {
  return { leaderboardId: (BOARDS[board] as (typeof BOARDS)[number]).id };
}
