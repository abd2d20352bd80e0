import { AnswerReader } from './answer-reader.ts';
import type { LibraryConnection } from './library-connection.ts';
import type { Result, Run } from './messages.ts';
import type { Requests } from './requests.ts';

/** For longer than this no answer may take, in milliseconds. */
const PATIENCE_MS = 30_000;

/** Makes load of one kind and measures it. */
export class LoadRun {
  readonly #run: Run;
  readonly #connections: readonly LibraryConnection[];
  readonly #requests: Requests;
  readonly #failures: Record<string, number> = {};
  readonly #latencies: number[] = [];
  #measuring = false;
  #stopping = false;
  #count = 0;
  #acknowledged = 0;
  /** Calls and streams that are open. */
  #open = 0;
  #idle: (() => void) | undefined;

  constructor(run: Run, connections: readonly LibraryConnection[], requests: Requests) {
    this.#run = run;
    this.#connections = connections;
    this.#requests = requests;
  }

  /** @param tell hears when the time measured begins and ends */
  async run(tell: (boundary: 'begun' | 'ended') => void): Promise<Result> {
    const { warmUpMs, measureMs, rate, callers } = this.#run;
    const pacer = rate === undefined ? undefined : this.#offer(rate);
    if (pacer === undefined) {
      for (let caller = 0; caller < callers; caller += 1) {
        const connection = this.#connections[
          caller % this.#connections.length
        ] as LibraryConnection;
        if (this.#requests.streamed) this.#streamingCaller(connection);
        else this.#unaryCaller(connection);
      }
    }
    await pause(warmUpMs);
    tell('begun');
    const start = performance.now();
    this.#measuring = true;
    await pause(measureMs);
    const elapsedMs = performance.now() - start;
    this.#measuring = false;
    tell('ended');
    clearInterval(pacer);
    this.#stopping = true;
    await this.#whenIdle();
    const sorted = Float64Array.from(this.#latencies).sort();
    const percentile = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
    return {
      kind: 'result',
      count: this.#count,
      elapsedMs,
      p50: percentile(0.5),
      p99: percentile(0.99),
      p999: percentile(0.999),
      max: sorted.at(-1) ?? Number.NaN,
      acknowledged: this.#acknowledged,
      failures: this.#failures,
    };
  }

  #unaryCaller(connection: LibraryConnection): void {
    const { path, weight } = this.#requests;
    const reader = weight > 1 ? new AnswerReader() : undefined;
    let sentAt = 0;
    const send = (): void => {
      if (this.#stopping) {
        this.#closed();
        return;
      }
      sentAt = performance.now();
      connection.call(path, this.#requests.next(), listener);
    };
    const listener = {
      ...(reader && { data: (bytes: Buffer) => reader.add(bytes) }),
      end: (status: number): void => {
        const good = reader === undefined ? weight : reader.takeGoodItems();
        if (status === 0 && good === weight) this.#answered(sentAt, weight);
        else this.#failed(status, weight - good);
        send();
      },
    };
    this.#open += 1;
    send();
  }

  #streamingCaller(connection: LibraryConnection): void {
    const { path } = this.#requests;
    const sentAt: number[] = [];
    let oldest = 0;
    const reader = new AnswerReader();
    const send = (): void => {
      sentAt.push(performance.now());
      connection.send(stream, this.#requests.next());
    };
    const stream = connection.open(path, {
      data: (bytes) => {
        reader.add(bytes);
        for (let good = reader.takeStreamed(); good !== undefined; good = reader.takeStreamed()) {
          const at = sentAt[oldest++] as number;
          if (good) this.#answered(at, 1);
          else this.#failed(-3, 1);
          if (!this.#stopping) send();
        }
        if (oldest < 4096 && oldest < sentAt.length) return;
        sentAt.splice(0, oldest);
        oldest = 0;
        if (this.#stopping && sentAt.length === 0) connection.halfClose(stream);
      },
      end: (status) => {
        if (status !== 0) this.#failed(status, sentAt.length - oldest);
        this.#closed();
      },
    });
    this.#open += 1;
    for (let sent = 0; sent < this.#run.streamWindow; sent += 1) send();
  }

  /**
   * Sends calls at a fixed rate, each with the time at which it was due: what waits in this process
   * or for the server counts as latency (no coordinated omission). Calls are due evenly; the timer
   * looks every millisecond, so up to one millisecond of the latency is its own.
   */
  #offer(rate: number): NodeJS.Timeout {
    const { path, weight } = this.#requests;
    const intervalMs = 1000 / rate;
    let due = performance.now();
    let next = 0;
    return setInterval(() => {
      const now = performance.now();
      for (; due <= now && !this.#stopping; due += intervalMs) {
        const dueAt = due;
        this.#open += 1;
        const connection = this.#connections[
          next++ % this.#connections.length
        ] as LibraryConnection;
        connection.call(path, this.#requests.next(), {
          end: (status) => {
            if (status === 0) this.#answered(dueAt, weight);
            else this.#failed(status, weight);
            this.#closed();
          },
        });
      }
    }, 1);
  }

  #answered(sentAt: number, weight: number): void {
    this.#acknowledged += weight;
    if (!this.#measuring) return;
    this.#count += weight;
    this.#latencies.push(performance.now() - sentAt);
  }

  #failed(status: number, count: number): void {
    this.#failures[status] = (this.#failures[status] ?? 0) + Math.max(1, count);
  }

  #closed(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#idle?.();
  }

  async #whenIdle(): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve, reject) => {
      const message = `${this.#open} calls were not answered within ${PATIENCE_MS / 1000} s`;
      const timer = setTimeout(() => reject(new Error(message)), PATIENCE_MS);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
