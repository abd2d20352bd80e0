import { type Caller, openCaller } from './callers.ts';

/** For how long a server that failed is left alone, mostly. */
const AVOID_MS = 700;
/** How often it is tried all the same: a server in trouble is what the machine tests. */
const STUBBORN = 0.15;

/** The connections of one group of clients to all servers. */
export class Crew {
  readonly callers: readonly Caller[];
  readonly #failedAt: number[];

  constructor(
    addresses: readonly string[],
    directory: string,
    identity: 'admin' | 'writer' | 'reader',
  ) {
    this.callers = addresses.map((address, server) =>
      openCaller(server, address, directory, identity),
    );
    this.#failedAt = addresses.map(() => Number.NEGATIVE_INFINITY);
  }

  /** Some server, rather one that has not failed lately. */
  pick(): Caller {
    const now = performance.now();
    const good = this.callers.filter(
      ({ server }) => now - (this.#failedAt[server] as number) > AVOID_MS,
    );
    const from = good.length === 0 || Math.random() < STUBBORN ? this.callers : good;
    return from[Math.floor(Math.random() * from.length)] as Caller;
  }

  failed(caller: Caller): void {
    this.#failedAt[caller.server] = performance.now();
  }

  close(): void {
    for (const caller of this.callers) caller.close();
  }
}
