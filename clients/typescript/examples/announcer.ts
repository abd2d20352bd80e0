// An announcer: it prints who has entered the top three of a leaderboard. What it knew lies on disk, so that
// after a restart it goes on where it was, and misses nobody.
//
//   node announcer.ts --leaderboard arena --state announcer.json
//
// It connects as the environment says: ROSTRUM_ADDRESS, ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT, ROSTRUM_TLS_KEY.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { isRostrumError, RostrumClient, type Standing } from '@rostrum/client';

/** What is kept on disk. */
interface Known {
  /** Of the last message that was announced. */
  readonly resumeToken: string;
  /** The players at that time. */
  readonly topThree: readonly string[];
}

export interface AnnouncerOptions {
  readonly leaderboardId: string;
  /** Where what is known is kept. */
  readonly file: string;
  readonly print: (line: string) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Prints who enters the top three, until the signal. What was printed and not yet saved when the process died is
 * printed once more.
 */
export async function announce(client: RostrumClient, options: AnnouncerOptions): Promise<void> {
  let known = await load(options.file);
  while (!options.signal.aborted) {
    try {
      for await (const next of follow(client, known, options)) known = next;
    } catch (error) {
      if (options.signal.aborted) return;
      // A token may be too old. What the top three were is known all the same.
      const isOld = isRostrumError(error, 'INVALID_RESUME_TOKEN', 'RESUME_TOKEN_EXPIRED');
      if (!isOld || known.resumeToken === '') throw error;
      known = { ...known, resumeToken: '' };
    }
  }
}

/** Announces each message, and gives what is known after it, which is on disk by then. */
async function* follow(client: RostrumClient, known: Known, options: AnnouncerOptions) {
  const { leaderboardId, file, print, signal } = options;
  const topThree = new Set(known.topThree);
  const enter = ({ playerId, rank, score }: Standing) => {
    topThree.add(playerId);
    print(`${playerId} is number ${rank} with ${score}`);
  };
  const { resumeToken } = known;
  const messages = client.watch.standings(
    { leaderboardId, view: { top: 3 }, resumeToken },
    {
      signal,
      awaitLeaderboard: true, // it comes into being with its first score
      onInterrupted: (error) => console.error(`interrupted: ${error.message}`),
    },
  );
  for await (const message of messages) {
    if (message.type === 'snapshot') {
      const before = new Set(topThree);
      topThree.clear();
      for (const standing of message.standings) {
        if (before.has(standing.playerId)) topThree.add(standing.playerId);
        else enter(standing);
      }
    } else if (message.type === 'changes') {
      for (const change of message.changes) {
        if (change.kind === 'ENTERED') enter(change.standing);
        if (change.kind === 'LEFT') topThree.delete(change.playerId);
      }
    }
    const next: Known = { resumeToken: message.resumeToken, topThree: [...topThree] };
    await save(file, next);
    yield next;
  }
}

async function load(file: string): Promise<Known> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Known;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { resumeToken: '', topThree: [] };
  }
}

/** Whoever reads the file finds the old or the new one as a whole. */
async function save(file: string, known: Known): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(known), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      leaderboard: { type: 'string', default: 'arena' },
      state: { type: 'string', default: 'announcer.json' },
    },
  });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await using client = RostrumClient.connect();
  await announce(client, {
    ...{ leaderboardId: values.leaderboard, file: values.state },
    ...{ print: console.log, signal: stop.signal },
  });
}

if (import.meta.main) await main();
