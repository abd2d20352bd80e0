import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SERVER_FLAGS } from '../services/server-flags.ts';
import { ServiceProcess } from '../services/service-process.ts';
import { howItEnded, lastWords } from './last-words.ts';

export interface ServerOptions {
  readonly root: string;
  /** Settings over those of this process; one that is undefined takes that of this process away. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  /** Shows the log on standard output as well. */
  readonly showLog: boolean;
}

/** Settings of `npm start` itself, which the server would take for misspelt ones. */
const NOT_FOR_THE_SERVER = { ROSTRUM_LOG: undefined, ROSTRUM_STATE: undefined };
/** How long the server may take to migrate and serve, in milliseconds. */
const START_MS = 60_000;

/**
 * Runs the built server; `address` resolves with `host:port` once it serves, and rejects with its
 * last words when it ends or takes too long instead.
 */
export async function launchServer(
  options: ServerOptions,
): Promise<{ server: ServiceProcess; address: Promise<string> }> {
  const server = await ServiceProcess.spawn({
    name: 'The server',
    command: process.execPath,
    args: [...SERVER_FLAGS, join(options.root, 'server/dist/main.js')],
    cwd: options.root,
    env: { ...process.env, ...NOT_FOR_THE_SERVER, ...options.env },
    logFile: options.logFile,
    stopSignal: 'SIGTERM',
  });
  if (options.showLog) server.onLine((line) => console.log(line));
  const listening = new Promise<string>((resolve) => {
    server.onLine((line) => {
      const address = listeningAddress(line);
      if (address) resolve(address);
    });
  });
  const tooLate = new AbortController();
  const address = Promise.race([
    listening,
    server.ended.then((end) => {
      const how = `ended by itself before it served (${howItEnded(end)})`;
      throw new Error(crashReport(server, options.logFile, how));
    }),
    delay(START_MS, undefined, { signal: tooLate.signal, ref: false }).then(() => {
      const how = `did not serve within ${START_MS / 1000} s`;
      throw new Error(crashReport(server, options.logFile, how));
    }),
  ]).finally(() => tooLate.abort());
  return { server, address };
}

/** What the server said last, then, as the last line, what became of it and what to do. */
export function crashReport(server: ServiceProcess, logFile: string, how: string): string {
  const log = relative(process.cwd(), logFile);
  const words = lastWords(server.tail(), process.stderr.columns);
  return [
    ...(words.length > 0 ? [`The last lines of ${log}:`, ...words] : []),
    `The server ${how}. Look into ${log}, mend the cause, then run: npm start`,
  ].join('\n');
}

/** The address in the log line that says the server serves. */
function listeningAddress(line: string): string | undefined {
  if (!line.includes('"listening"')) return undefined;
  try {
    const entry = JSON.parse(line) as { msg?: unknown; address?: unknown };
    return entry.msg === 'listening' ? String(entry.address ?? '') : undefined;
  } catch {
    return undefined;
  }
}
