// Runs as a process of its own; see reaper.ts. It lives exactly as long as its standard input.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { processStart, sendSignal } from './process-identity.ts';
import type { ReaperOrder } from './reaper.ts';

interface Watched {
  readonly signal: NodeJS.Signals;
  readonly start: string | undefined;
}

/** How long a process may take to stop by itself, in milliseconds. */
const PATIENCE_MS = 10_000;

const watched = new Map<number, Watched>();
const directories = new Set<string>();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as ReaperOrder;
  if (order.kind === 'watch') {
    watched.set(order.pid, { signal: order.signal, start: processStart(order.pid) });
  } else if (order.kind === 'forget') watched.delete(order.pid);
  else if (order.kind === 'remove') directories.add(order.directory);
  else directories.delete(order.directory);
}

for (const [pid, { signal, start }] of [...watched].reverse()) {
  const isAlive = () => start !== undefined && processStart(pid) === start;
  if (!isAlive()) continue;
  sendSignal(pid, signal);
  for (const end = Date.now() + PATIENCE_MS; isAlive() && Date.now() < end; ) await delay(25);
  if (isAlive()) sendSignal(-pid, 'SIGKILL');
}
for (const directory of directories) {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}
