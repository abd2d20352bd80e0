/** Runs a bounded number of tasks at a time; the others wait, first come, first served. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(private readonly count: number) {}

  /** Tasks that run now. */
  get taken(): number {
    return this.#taken;
  }

  get isFree(): boolean {
    return this.#taken < this.count;
  }

  /** How many tasks run or wait for each slot. */
  get load(): number {
    return (this.#taken + this.#waiting.length) / this.count;
  }

  /** Runs a task when its turn comes; settles as it does. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.isFree) this.#taken += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    }
  }
}
