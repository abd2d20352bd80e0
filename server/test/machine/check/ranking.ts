import type { Board } from '../boards.ts';
import { type EntryState, type Ledger, standsHigher } from './ledger.ts';

/** A ranking of which each entry's state is known; entries move one at a time. */
export class Ranking {
  readonly #board: Board;
  readonly #number: number;
  readonly #ledger: Ledger;
  readonly #states: Int32Array;
  /** The players, best first. */
  readonly #order: number[] = [];
  /** Whose entry was set last; -1: nobody's. */
  lastChanged = -1;

  /** @param states by player: the number of the state, 0 for none */
  constructor(board: Board, number: number, ledger: Ledger, states: Int32Array) {
    this.#board = board;
    this.#number = number;
    this.#ledger = ledger;
    this.#states = states.slice();
    for (let player = 0; player < states.length; player += 1) {
      if (states[player] !== 0) this.#insert(player);
    }
  }

  get total(): number {
    return this.#order.length;
  }

  get states(): Int32Array {
    return this.#states;
  }

  /** The player at a rank, from 1. */
  at(rank: number): number | undefined {
    return this.#order[rank - 1];
  }

  /** 0: not in the ranking. */
  rankOf(player: number): number {
    return this.#order.indexOf(player) + 1;
  }

  set(player: number, state: number): void {
    this.lastChanged = player;
    const at = this.#order.indexOf(player);
    if (at >= 0) this.#order.splice(at, 1);
    this.#states[player] = state;
    if (state !== 0) this.#insert(player);
  }

  #state(player: number): EntryState | undefined {
    return this.#ledger.stateOf(this.#number, player, this.#states[player] as number);
  }

  #insert(player: number): void {
    const own = this.#state(player);
    if (own === undefined) return;
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#state(this.#order[middle] as number) as EntryState;
      if (standsHigher(this.#board, other, own)) low = middle + 1;
      else high = middle;
    }
    this.#order.splice(low, 0, player);
  }
}
