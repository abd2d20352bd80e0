import { templateOf } from '../request-templates.ts';
import type { OtherBoards } from '../seed.ts';
import type { Part } from './messages.ts';

/** Of the large board, of others, and of boards with one player. */
export const GROUPS = [
  { name: 'submit', title: 'submissions to it', ofBoard: true },
  { name: 'submit-others', title: 'submissions to others', ofBoard: false },
  { name: 'read-others', title: 'ranks of others', ofBoard: false },
  { name: 'rank', title: 'ranks of it', ofBoard: true },
  { name: 'around', title: '20 around, of it', ofBoard: true },
  { name: 'top', title: 'top 20 of it', ofBoard: true },
  { name: 'tiny', title: 'ranks of boards of one', ofBoard: false },
] as const;
export type GroupName = (typeof GROUPS)[number]['name'];

export const OTHERS: OtherBoards = {
  names: Array.from({ length: 8 }, (_, number) => `other-${number}`),
  players: 1_000,
};
export const TINY: OtherBoards = {
  names: Array.from({ length: 8 }, (_, number) => `tiny-${number}`),
  players: 1,
};

/** How often each board of one player is read, a second: often enough to see when it is back. */
const TINY_RATE = 10;
/** Reads around a place and of the top of the large board that are offered for each rank. */
const WINDOWS_PER_RANK = 1 / 12;

export interface Mix {
  /** Callers that wait for their answers. */
  readonly callers: number;
  /** Ranks of the large board that are offered, a second. */
  readonly ranks: number;
  readonly players: number;
  /** Marks submissions, see `newRun`. */
  readonly run: string;
}

/**
 * The load of one of several processes: half of the callers submit to the large board, a quarter to
 * others, and a quarter reads those; reads of the large board are offered at a rate, because it is
 * asked how many of them are answered.
 */
export function partsOf(mix: Mix, process: number, processes: number): Part[] {
  const { run, players } = mix;
  const mine = (callers: number) =>
    Math.floor(callers / processes) + (process < callers % processes ? 1 : 0);
  const offered = (
    group: GroupName,
    name: 'rank' | 'around-20' | 'top-20',
    rate: number,
  ): Part => ({
    group,
    template: templateOf(name, run),
    players,
    callers: 0,
    rate: rate / processes,
  });
  const toOthers = (group: GroupName, name: 'submit' | 'rank', callers: number): Part[] =>
    OTHERS.names.map((board, index) => ({
      group,
      template: templateOf(name, run, board),
      players: OTHERS.players,
      callers:
        Math.floor(callers / OTHERS.names.length) + (index < callers % OTHERS.names.length ? 1 : 0),
      rate: undefined,
    }));
  return [
    {
      group: 'submit',
      template: templateOf('submit', run),
      players,
      callers: mine(Math.ceil(mix.callers / 2)),
      rate: undefined,
    },
    ...toOthers('submit-others', 'submit', mine(Math.floor(mix.callers / 4))),
    ...toOthers('read-others', 'rank', mine(Math.floor(mix.callers / 4))),
    offered('rank', 'rank', mix.ranks),
    offered('around', 'around-20', mix.ranks * WINDOWS_PER_RANK),
    offered('top', 'top-20', mix.ranks * WINDOWS_PER_RANK),
    ...tinyParts(run, processes),
  ];
}

/**
 * Reads of the boards with one player alone, and submissions to the large one at a low rate. These tell
 * when its index is back and cost next to nothing; each read without an index is a pass over the board.
 */
export function probesOf({ run, players }: Mix, processes: number): Part[] {
  const rate = 10 / processes;
  const submit = {
    group: 'submit',
    template: templateOf('submit', run),
    players,
    callers: 0,
    rate,
  };
  return [submit, ...tinyParts(run, processes)];
}

function tinyParts(run: string, processes: number): Part[] {
  return TINY.names.map((board) => ({
    group: 'tiny',
    template: templateOf('rank', run, board),
    players: TINY.players,
    callers: 0,
    rate: TINY_RATE / processes,
  }));
}
