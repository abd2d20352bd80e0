import { setImmediate as turn } from 'node:timers/promises';
import { sessionConfig } from './session.js';
import { SessionClient } from './session-client.js';
import { statement } from './sql-file.js';

const AT_WORK = statement('sessions_at_work');
const END = statement('end_sessions');

const PERIOD_MS = 500;
/** A session is suspect after this long without an answer, and given up after this long without work. */
const PATIENCE_MS = 1_000;

/** How long a session has awaited an answer and received nothing. */
interface Silence {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly sinceMs: number;
  /** Since when PostgreSQL has said, whenever asked, that it is not at work on it. */
  idleSinceMs?: number;
}

/** The end of a connection that was given up. PostgreSQL itself answers. */
export class DeadConnection extends Error {
  override readonly name = 'DeadConnection';
}

/** How many connections were given up. */
export interface GivenUp {
  /** Those on which somebody waited for an answer. */
  readonly waiting: number;
  /** Those that were idle in pools: the next to use them would have waited in vain. */
  readonly spare: number;
}

/**
 * Finds connections to PostgreSQL that are dead although the kernel thinks they live: their other end
 * vanished, or something in between lost them. Nothing comes from a statement that takes long either, so
 * PostgreSQL is asked on a new connection. A session that is not at work, twice with time in between for
 * an answer to arrive, is given up: what waits on it fails at once, PostgreSQL is told to end it, and
 * idle connections of pools that are as old are closed too.
 *
 * While PostgreSQL cannot be asked, because it is down, hangs or has no connection left, nothing is
 * given up, and the timeouts of statements apply.
 */
export class SessionWatch {
  readonly #sessions = new Map<SessionClient, Silence | undefined>();
  readonly #timer: NodeJS.Timeout;
  /** Whether the driver does not tell, as it used to, if a query is under way. */
  #isBlind = false;
  #look: Promise<void> | undefined;
  /** Open while there is something to ask. It is always new: an old one could be dead itself. */
  #asking: SessionClient | undefined;

  constructor(
    private readonly url: string,
    private readonly onGivenUp: (givenUp: GivenUp) => void = () => {},
    private readonly onBlind: () => void = () => {},
  ) {
    this.#timer = setInterval(() => {
      this.#look ??= this.#giveUpTheDead().finally(() => {
        this.#look = undefined;
      });
    }, PERIOD_MS);
    this.#timer.unref();
  }

  /** Watches a connection to the database of the watch, which is open, until it ends. */
  watch(client: SessionClient): void {
    if (!this.#isBlind && typeof client.readyForQuery !== 'boolean') {
      this.#isBlind = true;
      this.onBlind();
    }
    this.#sessions.set(client, undefined);
    client.once('end', () => this.#sessions.delete(client));
  }

  /** To be called after the watched connections have ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#look;
    this.#stopAsking();
  }

  async #giveUpTheDead(): Promise<void> {
    // After a pause of this process, what has arrived meanwhile is read first.
    await turn();
    const suspects = this.#findSuspects();
    if (suspects.length === 0) {
      this.#stopAsking();
      return;
    }
    const askedMs = performance.now();
    const atWork = await this.#askWhoWorks(suspects);
    await turn();
    const dead = suspects.filter((client) => {
      const silence = this.#sessions.get(client);
      if (silence === undefined || !isSilent(client, silence)) return false;
      if (atWork === undefined || atWork.has(client.sessionName)) {
        delete silence.idleSinceMs;
        return false;
      }
      silence.idleSinceMs ??= askedMs;
      return askedMs - silence.idleSinceMs >= PATIENCE_MS;
    });
    if (dead.length > 0) this.#giveUp(dead);
  }

  /** Notes which sessions are silent. Returns those that have been so for long. */
  #findSuspects(): SessionClient[] {
    const nowMs = performance.now();
    const suspects: SessionClient[] = [];
    for (const [client, silence] of this.#sessions) {
      if (silence !== undefined && isSilent(client, silence)) {
        if (nowMs - silence.sinceMs >= PATIENCE_MS) suspects.push(client);
      } else {
        const { bytesRead, bytesWritten } = client.socket;
        const begun = { bytesRead, bytesWritten, sinceMs: nowMs };
        this.#sessions.set(client, client.awaitsAnswer ? begun : undefined);
      }
    }
    return suspects;
  }

  /** The names of the sessions that are at work; undefined if PostgreSQL does not say. */
  async #askWhoWorks(suspects: readonly SessionClient[]): Promise<Set<string> | undefined> {
    const names = suspects.map(({ sessionName }) => sessionName);
    try {
      this.#asking ??= await this.#connect();
      const { sessionName } = this.#asking;
      const { rows } = await this.#asking.query<{ self: string; at_work: string[] }>(AT_WORK.text, [
        names,
      ]);
      // The URL, or a pooler, may give sessions other names.
      return rows[0]?.self === sessionName ? new Set(rows[0].at_work) : undefined;
    } catch {
      this.#asking?.socket.destroy();
      this.#asking = undefined;
      return undefined;
    }
  }

  #giveUp(dead: readonly SessionClient[]): void {
    const brokenMs = Math.min(...dead.map((client) => this.#sessions.get(client)?.sinceMs ?? 0));
    const spare = [...this.#sessions.keys()].filter(
      (client) => !client.lent && client.openedMs < brokenMs && !dead.includes(client),
    );
    const all = [...dead, ...spare];
    for (const client of all) {
      this.#sessions.delete(client);
      client.socket.destroy(
        new DeadConnection('the connection to PostgreSQL is dead: nothing comes back on it'),
      );
    }
    this.onGivenUp({ waiting: dead.length, spare: spare.length });
    const names = all.map(({ sessionName }) => sessionName);
    // Otherwise they would keep their locks until PostgreSQL finds out by itself.
    this.#asking?.query(END.text, [names]).catch(() => {});
  }

  async #connect(): Promise<SessionClient> {
    const client = new SessionClient({
      ...sessionConfig(this.url),
      application_name: 'rostrum watch',
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      statement_timeout: PATIENCE_MS,
    });
    // A connection that breaks fails the query that is under way.
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  #stopAsking(): void {
    const asking = this.#asking;
    if (asking === undefined) return;
    this.#asking = undefined;
    asking.end().catch(() => {});
    // Sends what is left, and waits for no answer.
    asking.socket.destroySoon();
  }
}

/** Whether an answer is still awaited, and nothing came or was sent since. */
function isSilent({ socket, awaitsAnswer }: SessionClient, since: Silence): boolean {
  return (
    awaitsAnswer &&
    socket.bytesRead === since.bytesRead &&
    socket.bytesWritten === since.bytesWritten
  );
}
