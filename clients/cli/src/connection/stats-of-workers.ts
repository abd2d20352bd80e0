import type { RostrumClient, ServerStats } from '@rostrum/client';

/** Other clients take turns as well, so that one connection for each worker is seldom enough. */
const ATTEMPTS_PER_WORKER = 4;

/**
 * The figures of the processes that share a server's address, in the order of their numbers. Which one
 * answers is up to the machine: this makes new connections until each has, and gives up after four
 * times as many as there are. Then some are missing: `workers` tells how many there should be.
 */
export async function statsOfWorkers(
  connect: () => Promise<RostrumClient>,
  call: { readonly signal: AbortSignal; readonly deadlineMs: number },
): Promise<ServerStats[]> {
  const found = new Map<string, ServerStats>();
  let workers = 1;
  for (
    let attempt = 0;
    found.size < workers && attempt < workers * ATTEMPTS_PER_WORKER;
    attempt += 1
  ) {
    const client = await connect();
    const stats = await client.admin.stats({}, call);
    await client.close();
    workers = stats.workers;
    // Workers of several servers may have the same numbers.
    found.set(`${stats.worker} ${stats.startTime?.getTime()}`, stats);
  }
  return [...found.values()].sort((a, b) => a.worker - b.worker);
}
