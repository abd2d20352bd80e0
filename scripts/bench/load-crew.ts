import { GetStandingResponse } from '../../server/dist/gen/rostrum/v1/standing.js';
import { BenchProcess, type Command } from './child-process.ts';
import type { Connect, FromLoad, Result, Run, ToLoad } from './messages.ts';
import type { RequestTemplate } from './request-templates.ts';

/** Submission ids of two processes never meet. */
const SUBMISSIONS_APART = 1e11;

/**
 * The processes that make the load together. One process of the library client uses one core, and
 * would be what limits an echo; several use what the server leaves, as callers elsewhere would.
 */
export class LoadCrew {
  readonly #processes: readonly BenchProcess<ToLoad, FromLoad>[];

  constructor(command: Command, count: number) {
    this.#processes = Array.from(
      { length: count },
      (_, index) => new BenchProcess(`load ${index + 1}`, command, process.env),
    );
  }

  get pids(): readonly number[] {
    return this.#processes.map((each) => each.pid);
  }

  /** Connections are shared out among the processes; each has one at least. */
  async connect(message: Omit<Connect, 'kind' | 'firstSubmission'>): Promise<void> {
    const connected = this.#processes.map((each) => each.next('connected'));
    this.#processes.forEach((each, index) => {
      each.send({
        ...message,
        kind: 'connect',
        connections: Math.max(1, this.#shareOf(message.connections, index)),
        firstSubmission: index * SUBMISSIONS_APART,
      });
    });
    await Promise.all(connected);
  }

  /** Callers and the rate are shared out too. @param tell hears when the time measured begins and ends */
  async run(message: Run, tell: (boundary: 'begun' | 'ended') => void): Promise<Result> {
    const all = <Kind extends 'begun' | 'ended' | 'result'>(kind: Kind) =>
      Promise.all(this.#processes.map((each) => each.next(kind)));
    const begun = all('begun').then(() => tell('begun'));
    const ended = all('ended').then(() => tell('ended'));
    const results = all('result');
    this.#processes.forEach((each, index) => {
      const { callers, rate } = message;
      each.send({
        ...message,
        callers: this.#shareOf(callers, index),
        rate: rate === undefined ? undefined : rate / this.#processes.length,
      });
    });
    const [parts] = await Promise.all([results, begun, ended]);
    return together(parts);
  }

  /** Reads a rank, for what the server says of the board. @param template of a `GetStanding` */
  async probe(template: RequestTemplate): Promise<{ totalPlayers: number; revision: number }> {
    const [first] = this.#processes as [BenchProcess<ToLoad, FromLoad>];
    const probed = first.next('probed');
    first.send({ kind: 'probe', template });
    const { answer } = await probed;
    const { totalPlayers, revision } = GetStandingResponse.decode(Buffer.from(answer, 'base64'));
    return { totalPlayers, revision: Number(revision) };
  }

  async end(): Promise<void> {
    await Promise.all(this.#processes.map((each) => each.end()));
  }

  #shareOf(total: number, index: number): number {
    const count = this.#processes.length;
    return Math.floor(total / count) + (index < total % count ? 1 : 0);
  }
}

/** Counts are sums; of the percentiles, which each process has of about as many calls, the worst counts. */
function together(parts: readonly Result[]): Result {
  const sum = (of: (part: Result) => number) => parts.reduce((total, part) => total + of(part), 0);
  const worst = (of: (part: Result) => number) => Math.max(...parts.map(of));
  const failures: Record<string, number> = {};
  for (const part of parts) {
    for (const [status, count] of Object.entries(part.failures)) {
      failures[status] = (failures[status] ?? 0) + count;
    }
  }
  return {
    kind: 'result',
    count: sum((part) => part.count),
    elapsedMs: sum((part) => part.elapsedMs) / parts.length,
    p50: worst((part) => part.p50),
    p99: worst((part) => part.p99),
    p999: worst((part) => part.p999),
    max: worst((part) => part.max),
    acknowledged: sum((part) => part.acknowledged),
    failures,
  };
}
