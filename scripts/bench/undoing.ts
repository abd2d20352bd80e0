/** What must be undone at the end, also when a signal ends the benchmark. */
export class Undoing {
  readonly #steps: (() => unknown)[] = [];

  constructor() {
    const interrupted = (signal: NodeJS.Signals) => {
      void this.undo().finally(() => {
        process.removeAllListeners(signal);
        process.kill(process.pid, signal);
      });
    };
    process.once('SIGINT', interrupted);
    process.once('SIGTERM', interrupted);
  }

  /** The last one is undone first. */
  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  async undo(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step();
  }
}
