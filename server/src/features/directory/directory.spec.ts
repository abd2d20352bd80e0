import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { testCaller } from '../../../test/support/test-caller.ts';
import type { Board } from '../../domain/board.js';
import type { BoardNo, LeaderboardId, RankingNo, SeasonNo } from '../../domain/ids.js';
import { DEFAULT_SETTINGS } from '../../domain/leaderboard.js';
import type { Ranking } from '../../domain/ranking.js';
import { Directory } from './directory.js';
import type { BoardStore } from './ports.js';

const ID = 'arena' as LeaderboardId;

/** A store of record that answers when a test says so. */
class ScriptedBoards implements BoardStore {
  readonly created: LeaderboardId[] = [];
  /** Look-ups that have not been answered, oldest first. */
  readonly asked: PromiseWithResolvers<Board | undefined>[] = [];
  /** Answers creations. */
  create: (board: Board) => Promise<Board> = (board) => Promise.resolve(board);

  findBoard(): Promise<Board | undefined> {
    const look = Promise.withResolvers<Board | undefined>();
    this.asked.push(look);
    return look.promise;
  }

  createDefault(leaderboardId: LeaderboardId): Promise<Board> {
    this.created.push(leaderboardId);
    return this.create(boardOf(1, leaderboardId));
  }

  /** Answers the oldest look-up. Resolves when whoever asked has had its turn. */
  async answer(board: Board | undefined): Promise<void> {
    this.asked.shift()?.resolve(board);
    await vi.advanceTimersByTimeAsync(0);
  }

  async fail(): Promise<void> {
    this.asked.shift()?.reject(new Error('the store is away'));
    await vi.advanceTimersByTimeAsync(0);
  }
}

/** A board of its own object. @param no of the board and of its ranking: another one is another board */
function boardOf(no: number, leaderboardId = ID): Board {
  const boardNo = no as BoardNo;
  const settings = { ...DEFAULT_SETTINGS };
  const ranking: Ranking = {
    rankingNo: no as RankingNo,
    boardNo,
    seasonNo: 1 as SeasonNo,
    leaderboardId,
    settings,
  };
  return { boardNo, leaderboardId, settings, rankings: [ranking] };
}

const selector = { leaderboardId: ID, seasonId: '', segment: undefined };

let boards: ScriptedBoards;
let directory: Directory;
let prepared: Ranking[];

beforeEach(() => {
  vi.useFakeTimers();
  boards = new ScriptedBoards();
  prepared = [];
  directory = makeDirectory(true);
});

afterEach(() => {
  vi.useRealTimers();
});

function makeDirectory(mayCreate: boolean): Directory {
  return new Directory(boards, mayCreate, async (ranking) => void prepared.push(ranking));
}

/** Looks the board up for the first time. Returns its ranking as the directory knows it. */
async function learn(board: Board): Promise<Ranking> {
  const found = directory.resolve(selector);
  await boards.answer(board);
  return found;
}

/** What a read is told by now: the number of the ranking, or that it waits. */
async function readNow(): Promise<number | 'waits'> {
  const waiting = Promise.resolve(directory.resolve(selector));
  const shown = Promise.race([waiting, vi.advanceTimersByTimeAsync(0).then(() => undefined)]);
  return (await shown)?.rankingNo ?? 'waits';
}

describe('what is known of a board', () => {
  it('answers for a second, and after that while one look-up is under way', async () => {
    await learn(boardOf(1));
    vi.advanceTimersByTime(1_000);
    expect([await readNow(), boards.asked.length]).toEqual([1, 0]);
    vi.advanceTimersByTime(1);
    expect([await readNow(), await readNow(), boards.asked.length]).toEqual([1, 1, 1]);
    await boards.answer(boardOf(2));
    expect([await readNow(), boards.asked.length]).toEqual([2, 0]);
  });

  it('is not answered after ten seconds, but after 250 ms more without an answer', async () => {
    await learn(boardOf(1));
    vi.advanceTimersByTime(10_000);
    expect(await readNow()).toBe(1);
    await boards.answer(boardOf(1));
    vi.advanceTimersByTime(10_001);
    const answers: number[] = [];
    const tell = () => Promise.resolve(directory.resolve(selector)).then((r) => r.rankingNo);
    const first = tell().then((no) => answers.push(no));
    await vi.advanceTimersByTimeAsync(249);
    expect(answers).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await first;
    expect(answers).toEqual([1]);
  });

  it('answers at once while the store of record is away, and no longer when it is back', async () => {
    await learn(boardOf(1));
    vi.advanceTimersByTime(10_001);
    const waiting = directory.resolve(selector);
    await vi.advanceTimersByTimeAsync(250);
    expect((await waiting).rankingNo).toBe(1);
    vi.advanceTimersByTime(600_000);
    expect([await readNow(), boards.asked.length]).toEqual([1, 1]);
    await boards.answer(boardOf(2));
    expect(await readNow()).toBe(2);
    vi.advanceTimersByTime(10_001);
    expect(await readNow()).toBe('waits');
  });

  it('holds when a look-up fails; a board that is not known fails with it', async () => {
    const unknown = expect(directory.resolve(selector)).rejects.toThrow('the store is away');
    await boards.fail();
    await unknown;
    await learn(boardOf(1));
    vi.advanceTimersByTime(10_001);
    const waiting = directory.resolve(selector);
    await boards.fail();
    expect((await waiting).rankingNo).toBe(1);
    expect(await readNow()).toBe(1);
  });

  it('ends when a look-up does not find the board', async () => {
    await learn(boardOf(1));
    vi.advanceTimersByTime(1_001);
    expect(await readNow()).toBe(1);
    await boards.answer(undefined);
    expect(directory.known(ID)).toBeUndefined();
    const again = expect(directory.resolve(selector)).rejects.toThrow(/no leaderboard/);
    await boards.answer(undefined);
    await again;
  });

  it('is the same object as long as nothing has changed', async () => {
    const ranking = await learn(boardOf(1));
    const look = async (board: Board): Promise<Ranking | undefined> => {
      vi.advanceTimersByTime(1_001);
      await readNow();
      await boards.answer(board);
      return directory.known(ID)?.rankings[0];
    };
    expect(await look(boardOf(1))).toBe(ranking);
    const changed = { ...boardOf(1), settings: { ...DEFAULT_SETTINGS, aggregation: 3 } as const };
    expect(await look(changed)).toBe(changed.rankings[0]);
  });

  it('is forgotten with what a look-up under way finds, which the next read does not wait for', async () => {
    await learn(boardOf(1));
    vi.advanceTimersByTime(1_001);
    expect(await readNow()).toBe(1);
    const [old] = boards.asked.splice(0);
    directory.forget(ID);
    const next = directory.resolve(selector);
    old?.resolve(boardOf(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(directory.known(ID)).toBeUndefined();
    await boards.answer(boardOf(2));
    expect((await next).rankingNo).toBe(2);
    expect(await readNow()).toBe(2);
  });
});

describe('a board that does not exist', () => {
  const submit = (id: string, caller = testCaller()) =>
    directory.findOrCreate(id as LeaderboardId, DEFAULT_SETTINGS, caller);

  it('is made once for all who submit to it, who go on when its rankings are prepared', async () => {
    const mayGoOn = Promise.withResolvers<void>();
    directory = new Directory(boards, true, async (ranking) => {
      prepared.push(ranking);
      await mayGoOn.promise;
    });
    const all = [submit('new'), submit('new')];
    expect(boards.asked).toHaveLength(1);
    await boards.answer(undefined);
    // Nobody overtakes them meanwhile.
    expect([prepared.length, directory.known('new' as LeaderboardId)]).toEqual([1, undefined]);
    mayGoOn.resolve();
    const [one, other] = await Promise.all(all);
    expect(boards.created).toEqual(['new']);
    expect(other).toBe(one);
    expect(prepared).toEqual(one?.rankings);
    expect(directory.known('new' as LeaderboardId)).toBe(one);
  });

  it('is not made where that is not allowed', async () => {
    directory = makeDirectory(false);
    const refused = expect(submit('new')).rejects.toThrow(/no leaderboard/);
    await boards.answer(undefined);
    await refused;
    expect(boards.created).toEqual([]);
  });

  it('is refused while a thousand wait to be made, 900 of them by one identity', async () => {
    const mayGoOn = Promise.withResolvers<void>();
    boards.create = (board) => mayGoOn.promise.then(() => board);
    let made = 0;
    const outcomes: string[] = [];
    const next = async (caller: ReturnType<typeof testCaller>): Promise<void> => {
      made += 1;
      submit(`b${made}`, caller).then(
        () => outcomes.push('made'),
        (error) => outcomes.push(error.reason),
      );
      await boards.answer(undefined);
    };
    const greedy = testCaller('writer/greedy');
    for (let at = 0; at < 900; at += 1) await next(greedy);
    expect(outcomes).toEqual([]);
    await next(greedy);
    expect(outcomes.splice(0)).toEqual(['OVERLOADED']);
    expect([greedy.of.creations, greedy.of.refused]).toEqual([900, 1]);
    // The others share what it left: 90, 9 and 1.
    for (const [name, places] of [
      ['second', 90],
      ['third', 9],
      ['fourth', 1],
    ] as const) {
      const caller = testCaller(`writer/${name}`);
      for (let at = 0; at < places; at += 1) await next(caller);
    }
    expect(outcomes).toEqual([]);
    await next(testCaller('writer/fifth'));
    expect(outcomes.splice(0)).toEqual(['OVERLOADED']);
    mayGoOn.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(outcomes).toEqual(Array(1_000).fill('made'));
    expect(greedy.of.creations).toBe(0);
    await next(greedy);
    expect(outcomes.at(-1)).toBe('made');
  });
});
