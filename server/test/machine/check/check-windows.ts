import type { Board } from '../boards.ts';
import { ROW } from '../history.ts';
import type { Shows } from './answers.ts';
import { type EntryState, type Ledger, standsHigher } from './ledger.ts';
import type { Windows } from './windows.ts';

export interface Problem {
  readonly kind: string;
  readonly what: string;
}

/**
 * Judges an answer by what was acknowledged before it was asked for and what had been sent when it
 * came: each entry must show a state between the two, and the ranks must be possible with them.
 *
 * @param since from when on the answer must be up to date: when it was asked for, unless excused
 */
export function judgeByWindows(
  board: Board,
  number: number,
  ledger: Ledger,
  windows: Windows,
  shows: Shows,
  since: number,
): Problem | undefined {
  const { rows, missing, total, end } = shows;
  const players = windows.players;
  const isStore = shows.revision === 0;
  const least = (player: number) =>
    isStore ? windows.acknowledged(player, since) : windows.due(player, since, shows.isFar);
  const most = (player: number) => windows.sent(player, end);
  const stateOf = (player: number, state: number) => ledger.stateOf(number, player, state);

  const fixed = new Map<number, EntryState>();
  for (let at = 0; at < rows.length; at += ROW) {
    const [, player, submissions, score, subscore] = rows.subarray(at, at + ROW) as unknown as [
      number,
      number,
      number,
      number,
      number,
    ];
    const state = stateOf(player, submissions);
    const shown = `p${player} with ${submissions} submissions, ${score}/${subscore}`;
    if (state === undefined) return { kind: 'state', what: `${shown}: the entry never was so` };
    if (state.score !== score || state.subscore !== subscore) {
      return { kind: 'state', what: `${shown}: it was ${state.score}/${state.subscore} then` };
    }
    if (submissions < least(player)) {
      return {
        kind: 'stale',
        what: `${shown}: ${least(player)} were acknowledged before it was asked for`,
      };
    }
    if (submissions > most(player)) {
      return { kind: 'future', what: `${shown}: only ${most(player)} had been sent` };
    }
    if (fixed.has(player)) return { kind: 'twice', what: `p${player} stands in it twice` };
    fixed.set(player, state);
  }
  for (const player of missing) {
    if (player < 0 || player >= players || least(player) === 0) continue;
    return {
      kind: 'stale',
      what: `p${player} has no entry, it says: ${least(player)} submissions were acknowledged before`,
    };
  }
  if (total < 0) return undefined;

  let fewest = 0;
  let highest = 0;
  for (let player = 0; player < players; player += 1) {
    if (fixed.has(player) || least(player) > 0) fewest += 1;
    if (most(player) > 0) highest += 1;
  }
  if (total < fewest || total > highest) {
    const expected = fewest === highest ? `${fewest}` : `${fewest} to ${highest}`;
    return { kind: 'total', what: `${total} players in all; there were ${expected}` };
  }
  const wrongOrder = judgeOrder(board, shows, fixed);
  if (wrongOrder !== undefined) return wrongOrder;

  // Between the first and the last row of a range the order is known already.
  const isRange = shows.shape.kind === 'range' || shows.shape.kind === 'around';
  for (let at = 0; at < rows.length; at += ROW) {
    if (isRange && at !== 0 && at !== rows.length - ROW) continue;
    const rank = rows[at] as number;
    const player = rows[at + 1] as number;
    const own = fixed.get(player) as EntryState;
    const possible = possibleRanks(board, number, ledger, windows, player, own, least, most, fixed);
    if (rank >= possible[0] && rank <= possible[1]) continue;
    // A later submission may have overtaken it.
    const overtaken = shows.shape.kind === 'own' ? most(player) : 0;
    let isPossible = false;
    for (let state = (rows[at + 2] as number) + 1; state <= overtaken; state += 1) {
      const later = stateOf(player, state);
      if (later === undefined) break;
      const [low, high] = possibleRanks(
        board,
        number,
        ledger,
        windows,
        player,
        later,
        least,
        most,
        undefined,
      );
      if (rank >= low && rank <= high) isPossible = true;
    }
    if (!isPossible) {
      return { kind: 'rank', what: `p${player} has rank ${rank}; it was ${span(possible)}` };
    }
  }
  return shows.previous && judgePrevious(board, number, ledger, windows, shows, since);
}

function span([low, high]: readonly [number, number]): string {
  return low === high ? `${low}` : `${low} to ${high}`;
}

/** The rows among each other, and how many there are. */
function judgeOrder(
  board: Board,
  { rows, shape, total }: Shows,
  fixed: ReadonlyMap<number, EntryState>,
): Problem | undefined {
  const count = rows.length / ROW;
  for (let index = 0; index + 1 < count; index += 1) {
    const [rank, player] = [rows[index * ROW] as number, rows[index * ROW + 1] as number];
    const [next, below] = [
      rows[(index + 1) * ROW] as number,
      rows[(index + 1) * ROW + 1] as number,
    ];
    const isInOrder = standsHigher(
      board,
      fixed.get(player) as EntryState,
      fixed.get(below) as EntryState,
    );
    const isGapless = shape.kind === 'range' || shape.kind === 'around';
    const follows = isGapless ? next === rank + 1 : next > rank;
    if (!isInOrder || !follows) {
      return {
        kind: 'order',
        what: `p${player} has rank ${rank} and p${below} has rank ${next}, and p${isInOrder ? player : below} stands higher`,
      };
    }
  }
  if (shape.kind === 'any' || shape.kind === 'own') return undefined;
  let first = shape.kind === 'range' ? shape.start : 0;
  if (shape.kind === 'around') {
    let place = -1;
    for (let index = 0; index < count; index += 1) {
      if (rows[index * ROW + 1] === shape.player) place = (rows[index * ROW] as number) - 1;
    }
    if (place < 0) return { kind: 'shape', what: `p${shape.player} is not in it` };
    const start = Math.min(place - Math.floor(shape.count / 2), total - shape.count);
    first = Math.max(start, 0) + 1;
  }
  const expected = Math.max(0, Math.min(shape.count, total - first + 1));
  if (count !== expected || (count > 0 && rows[0] !== first)) {
    return {
      kind: 'shape',
      what: `${count} rows from rank ${rows[0]}, of ${total}; ${expected} from rank ${first} were asked for`,
    };
  }
  return undefined;
}

/** The ranks that an entry in this state can have had, best and worst. */
function possibleRanks(
  board: Board,
  number: number,
  ledger: Ledger,
  windows: Windows,
  player: number,
  own: EntryState,
  least: (player: number) => number,
  most: (player: number) => number,
  fixed: ReadonlyMap<number, EntryState> | undefined,
): [number, number] {
  let low = 1;
  let high = 1;
  for (let other = 0; other < windows.players; other += 1) {
    if (other === player) continue;
    const known = fixed?.get(other);
    if (known !== undefined) {
      if (standsHigher(board, known, own)) {
        low += 1;
        high += 1;
      }
      continue;
    }
    const from = least(other);
    const to = most(other);
    let always = from > 0;
    let ever = false;
    for (let state = Math.max(from, 1); state <= to; state += 1) {
      const their = ledger.stateOf(number, other, state);
      if (their === undefined) break;
      if (standsHigher(board, their, own)) ever = true;
      else always = false;
    }
    if (always && ever) low += 1;
    if (ever) high += 1;
  }
  return [low, high];
}

/** Whether the rank before a submission can have been what is said. */
function judgePrevious(
  board: Board,
  number: number,
  ledger: Ledger,
  windows: Windows,
  shows: Shows,
  since: number,
): Problem | undefined {
  const { player, state, rank } = shows.previous as NonNullable<Shows['previous']>;
  if (state === 1) {
    return rank < 0
      ? undefined
      : { kind: 'previous rank', what: `previous rank ${rank} of a first entry` };
  }
  if (rank < 0)
    return { kind: 'previous rank', what: `none, and ${state - 1} submissions were before` };
  const least = (other: number) => windows.due(other, since, shows.isFar);
  const most = (other: number) => windows.sent(other, shows.end);
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (let before = Math.min(state - 1, Math.max(1, least(player))); before < state; before += 1) {
    const own = ledger.stateOf(number, player, before);
    if (own === undefined) continue;
    const ranks = possibleRanks(
      board,
      number,
      ledger,
      windows,
      player,
      own,
      least,
      most,
      undefined,
    );
    if (rank >= ranks[0] && rank <= ranks[1]) return undefined;
    low = Math.min(low, ranks[0]);
    high = Math.max(high, ranks[1]);
  }
  return { kind: 'previous rank', what: `previous rank ${rank}; it was ${span([low, high])}` };
}
