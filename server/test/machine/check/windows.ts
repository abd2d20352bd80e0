/** Times, ascending, and the highest number by then. */
class Steps {
  readonly #times: number[] = [];
  readonly #highest: number[] = [];

  /** Call it in the order of the times. */
  add(time: number, value: number): void {
    const last = this.#highest.at(-1) ?? 0;
    if (value <= last) return;
    this.#times.push(time);
    this.#highest.push(value);
  }

  /** The highest number with a time before (or, if asked, at) this one; 0 if there is none. */
  before(time: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) < time) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : (this.#highest[low - 1] as number);
  }
}

export interface Event {
  readonly player: number;
  readonly time: number;
  readonly state: number;
}

/**
 * Which states of the entries of a board an answer may show: at least what was acknowledged before
 * it was asked for, at most what had been sent when it came.
 */
export class Windows {
  readonly #acknowledged: readonly Steps[];
  readonly #due: readonly Steps[];
  readonly #dueFar: readonly Steps[];
  readonly #sent: readonly Steps[];

  /**
   * @param acknowledged when each state was acknowledged
   * @param due from when on a server that reaches the store of record must show it from the index
   * @param dueFar from when on another, which depends on others for it, must
   * @param sent when its submission was first sent
   */
  constructor(
    players: number,
    acknowledged: readonly Event[],
    due: readonly Event[],
    dueFar: readonly Event[],
    sent: readonly Event[],
  ) {
    this.#acknowledged = toSteps(players, acknowledged);
    this.#due = toSteps(players, due);
    this.#dueFar = toSteps(players, dueFar);
    this.#sent = toSteps(players, sent);
  }

  get players(): number {
    return this.#sent.length;
  }

  /** The least state that the store of record may show to whoever asks at this time. */
  acknowledged(player: number, time: number): number {
    return this.#acknowledged[player]?.before(time) ?? 0;
  }

  /** The least state that the index may show; `isFar`: through a server cut off from the store. */
  due(player: number, time: number, isFar: boolean): number {
    return (isFar ? this.#dueFar : this.#due)[player]?.before(time) ?? 0;
  }

  /** The highest state that anything may show by then. */
  sent(player: number, time: number): number {
    return this.#sent[player]?.before(time) ?? 0;
  }
}

function toSteps(players: number, events: readonly Event[]): Steps[] {
  const steps = Array.from({ length: players }, () => new Steps());
  for (const { player, time, state } of events.toSorted((a, b) => a.time - b.time)) {
    if (time !== Number.POSITIVE_INFINITY) steps[player]?.add(time, state);
  }
  return steps;
}
