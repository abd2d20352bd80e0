/** What is running now and ends when the user interrupts it. */
export interface InterruptionScope {
  readonly signal: AbortSignal;
  /** Hands interruptions back to the scope around this one. */
  leave(): void;
}

/** Gives Ctrl-C to the innermost thing that runs: a command of a shell, then the shell. */
export class Interruptions {
  private readonly scopes: AbortController[] = [];

  constructor(
    /** Called when what was interrupted is interrupted again: it did not end. */
    private readonly giveUp: () => void,
  ) {}

  enter(): InterruptionScope {
    const controller = new AbortController();
    this.scopes.push(controller);
    return {
      signal: controller.signal,
      leave: () => {
        const index = this.scopes.indexOf(controller);
        if (index !== -1) this.scopes.splice(index, 1);
      },
    };
  }

  /** Interrupts the innermost scope. */
  interrupt(): void {
    const innermost = this.scopes.at(-1);
    if (innermost === undefined || innermost.signal.aborted) this.giveUp();
    else innermost.abort(new Error('interrupted'));
  }

  /** Interrupts everything: the process is asked to end. */
  interruptAll(): void {
    if (this.scopes.every(({ signal }) => signal.aborted)) this.giveUp();
    for (const scope of this.scopes) scope.abort(new Error('terminated'));
  }
}
