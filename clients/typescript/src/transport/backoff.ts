/** How failed calls are retried and lost streams are opened again. */
export interface RetryOptions {
  /** The wait before the first retry, in milliseconds. Default: 50. */
  readonly initialBackoffMs?: number | undefined;
  /** The longest wait, in milliseconds. Default: 1,000. */
  readonly maxBackoffMs?: number | undefined;
  /** How often one unary call is tried, the first time included. Default: until its deadline. */
  readonly maxAttempts?: number | undefined;
}

export type RetrySettings = Required<{ [K in keyof RetryOptions]: number }>;

export const DEFAULT_RETRY: RetrySettings = {
  initialBackoffMs: 50,
  maxBackoffMs: 1_000,
  maxAttempts: Number.POSITIVE_INFINITY,
};

/** Waits that double from one failure to the next, each shortened at random by up to a half. */
export class Backoff {
  readonly #settings: RetrySettings;
  #next: number;

  constructor(settings: RetrySettings) {
    this.#settings = settings;
    this.#next = settings.initialBackoffMs;
  }

  /** The next wait in milliseconds: never shorter than what the service asked for. */
  next(retryAfterMs = 0): number {
    const ceiling = this.#next;
    this.#next = Math.min(ceiling * 2, this.#settings.maxBackoffMs);
    // Clients that were told the same wait must not come back in the same instant either.
    return retryAfterMs + ceiling * (0.5 + Math.random() / 2);
  }

  /** Starts over after a success. */
  reset(): void {
    this.#next = this.#settings.initialBackoffMs;
  }
}
