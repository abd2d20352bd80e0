/** Lets a bounded number of passes run at a time; the others stand in line, first come, first served. */
export class PassSlots {
  readonly #count: number;
  readonly #line: (() => Promise<void>)[] = [];
  #running = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** How many passes run or wait for each slot. */
  get load(): number {
    return (this.#running + this.#line.length) / this.#count;
  }

  /** @param pass rejects never */
  lineUp(pass: () => Promise<void>): void {
    this.#line.push(pass);
    this.#startNext();
  }

  #startNext(): void {
    if (this.#running === this.#count) return;
    const pass = this.#line.shift();
    if (pass === undefined) return;
    this.#running += 1;
    void pass().finally(() => {
      this.#running -= 1;
      this.#startNext();
    });
  }
}
