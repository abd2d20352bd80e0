import { SubmitScoreResponse } from '../../../server/dist/gen/rostrum/v1/score.js';
import {
  GetStandingResponse,
  ListStandingsAroundResponse,
  ListStandingsResponse,
} from '../../../server/dist/gen/rostrum/v1/standing.js';
import type { LibraryConnection } from '../library-connection.ts';
import { Requests } from '../requests.ts';
import type { Part, Tally } from './messages.ts';

const GRPC_HEADER = 5;
/** After a failure a caller waits so long, as one would who is told when to retry. */
const RETRY_MS = 200;
/** Calls of one part with a rate that may be open. */
const MAX_OPEN = 500;
/** The status by which calls are counted that were due and not sent. */
const NOT_SENT = '-4';

/** Whether the index gave an answer, by the method. */
const RANKED: Readonly<Record<string, (answer: Buffer) => boolean>> = {
  SubmitScore: (answer) => SubmitScoreResponse.decode(answer).result?.ranked === true,
  GetStanding: (answer) => Number(GetStandingResponse.decode(answer).revision) > 0,
  ListStandings: (answer) => Number(ListStandingsResponse.decode(answer).revision) > 0,
  ListStandingsAround: (answer) => Number(ListStandingsAroundResponse.decode(answer).revision) > 0,
};

interface OpenTally extends Tally {
  readonly latencies: number[];
  unranked: number;
  readonly failures: Record<string, number>;
}

/** Callers of several kinds at the same time, until they are stopped. */
export class MixedLoad {
  readonly #connections: readonly LibraryConnection[];
  readonly #parts: readonly Part[];
  readonly #pacers: NodeJS.Timeout[] = [];
  #tallies: Record<string, OpenTally> = {};
  #stopping = false;
  #open = 0;
  #idle: (() => void) | undefined;
  #nextConnection = 0;

  constructor(connections: readonly LibraryConnection[], parts: readonly Part[]) {
    this.#connections = connections;
    this.#parts = parts;
  }

  start(): void {
    for (const part of this.#parts) {
      for (let caller = 0; caller < part.callers; caller += 1) this.#caller(part);
      if (part.rate !== undefined) this.#pacers.push(this.#offer(part, part.rate));
    }
  }

  /** Resolves when every call has been answered. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const pacer of this.#pacers) clearInterval(pacer);
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  /** What happened since it was taken last. */
  take(): Record<string, Tally> {
    const taken = this.#tallies;
    this.#tallies = {};
    return taken;
  }

  #caller(part: Part): void {
    const requests = new Requests(part.template, part.players);
    const connection = this.#connection();
    const next = (): void => {
      if (this.#stopping) return;
      this.#call(part, connection, requests, performance.now(), (failed) => {
        if (failed) setTimeout(next, RETRY_MS);
        else next();
      });
    };
    next();
  }

  /** Calls at a fixed rate; the latency counts from when a call was due. */
  #offer(part: Part, rate: number): NodeJS.Timeout {
    const requests = new Requests(part.template, part.players);
    const intervalMs = 1000 / rate;
    // Parts of the same rate do not call all at once.
    let due = performance.now() + Math.random() * intervalMs;
    let open = 0;
    return setInterval(() => {
      const now = performance.now();
      for (; due <= now && !this.#stopping; due += intervalMs) {
        if (open >= MAX_OPEN) {
          this.#count(part, NOT_SENT);
          continue;
        }
        open += 1;
        this.#call(part, this.#connection(), requests, due, () => {
          open -= 1;
        });
      }
    }, 1);
  }

  #connection(): LibraryConnection {
    const at = this.#nextConnection++ % this.#connections.length;
    return this.#connections[at] as LibraryConnection;
  }

  #call(
    part: Part,
    connection: LibraryConnection,
    requests: Requests,
    from: number,
    done: (failed: boolean) => void,
  ): void {
    const parts: Buffer[] = [];
    this.#open += 1;
    connection.call(requests.path, requests.next(), {
      data: (bytes) => parts.push(Buffer.from(bytes)),
      end: (status) => {
        this.#open -= 1;
        if (status === 0) this.#answered(part, Buffer.concat(parts), performance.now() - from);
        else this.#count(part, String(status));
        done(status !== 0);
        if (this.#open === 0) this.#idle?.();
      },
    });
  }

  #answered({ group, template }: Part, answer: Buffer, latency: number): void {
    const tally = this.#tallyOf(group);
    tally.latencies.push(Math.round(latency * 100) / 100);
    const isRanked = RANKED[template.path.slice(template.path.lastIndexOf('/') + 1)];
    if (isRanked?.(answer.subarray(GRPC_HEADER)) !== true) tally.unranked += 1;
  }

  #count({ group }: Part, status: string): void {
    const { failures } = this.#tallyOf(group);
    failures[status] = (failures[status] ?? 0) + 1;
  }

  #tallyOf(group: string): OpenTally {
    const found = this.#tallies[group];
    if (found !== undefined) return found;
    const tally = { latencies: [], unranked: 0, failures: {} };
    this.#tallies[group] = tally;
    return tally;
  }
}
