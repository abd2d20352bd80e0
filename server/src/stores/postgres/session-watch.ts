import { setImmediate as turn } from 'node:timers/promises';
import { sessionConfig } from './session.js';
import { SessionClient } from './session-client.js';
import { statement } from './sql-file.js';

const AT_WORK = statement('sessions_at_work');
const END = statement('end_sessions');

const PERIOD_MS = 500;
/** A session is asked about after so long without an answer, and given up after so long without work. */
const PATIENCE_MS = 1_000;

/** A session that owes us an answer and sends nothing. */
interface Silence {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly sinceMs: number;
  /** Since when PostgreSQL, whenever asked, has not been at work on it. */
  workless?: number;
}

/** The end of a connection that was given up. PostgreSQL itself answers. */
export class DeadConnection extends Error {
  override readonly name = 'DeadConnection';
}

/** How many connections were given up. */
export interface GivenUp {
  /** Somebody waited for an answer on them. */
  readonly waiting: number;
  /** They waited in pools; whoever got them next would have waited in vain. */
  readonly spare: number;
}

/**
 * Finds connections to PostgreSQL that are dead though the kernel thinks they live: their other end
 * vanished, or something between lost them. A statement may take long for good reasons, and then
 * nothing comes either. So PostgreSQL is asked, on a new connection: a session that is not at work on
 * what we wait for, twice with time in between for an answer to arrive, is given up. What waits on it
 * fails at once, PostgreSQL is told to end it, and the connections that wait in pools and are as old
 * are closed too.
 *
 * While PostgreSQL cannot be asked, because it is down, hangs or has no connection left, nothing is
 * given up; then the timeouts of statements count.
 */
export class SessionWatch {
  readonly #url: string;
  readonly #onGivenUp: (givenUp: GivenUp) => void;
  readonly #sessions = new Map<SessionClient, Silence | undefined>();
  readonly #timer: NodeJS.Timeout;
  #look: Promise<void> | undefined;
  /** While there is something to ask; always new, for an old one could be dead itself. */
  #asking: SessionClient | undefined;

  constructor(url: string, onGivenUp: (givenUp: GivenUp) => void = () => {}) {
    this.#url = url;
    this.#onGivenUp = onGivenUp;
    this.#timer = setInterval(() => {
      this.#look ??= this.#giveUpTheDead().finally(() => {
        this.#look = undefined;
      });
    }, PERIOD_MS);
    this.#timer.unref();
  }

  /** Watches a connection to the database of the watch until it ends. */
  watch(client: SessionClient): void {
    this.#sessions.set(client, undefined);
    client.once('end', () => this.#sessions.delete(client));
  }

  /** Close it after what it watches. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#look;
    this.#leave();
  }

  async #giveUpTheDead(): Promise<void> {
    // Not what a pause of this process makes of it: then what has arrived is read first.
    await turn();
    const suspects = this.#listen();
    if (suspects.length === 0) {
      this.#leave();
      return;
    }
    const askedMs = performance.now();
    const atWork = await this.#askWhoWorks(suspects);
    await turn();
    const dead = suspects.filter((client) => {
      const silence = this.#sessions.get(client);
      if (silence === undefined || !isSilent(client, silence)) return false;
      if (atWork === undefined || atWork.has(client.sessionName)) {
        delete silence.workless;
        return false;
      }
      silence.workless ??= askedMs;
      return askedMs - silence.workless >= PATIENCE_MS;
    });
    if (dead.length > 0) this.#giveUp(dead);
  }

  /** Notes who is silent. Returns those that have been for long. */
  #listen(): SessionClient[] {
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

  /** The names of those that PostgreSQL is at work on; undefined if it does not say. */
  async #askWhoWorks(suspects: readonly SessionClient[]): Promise<Set<string> | undefined> {
    const names = suspects.map(({ sessionName }) => sessionName);
    try {
      this.#asking ??= await this.#connect();
      const { sessionName } = this.#asking;
      const { rows } = await this.#asking.query<{ self: string; at_work: string[] }>(AT_WORK.text, [
        names,
      ]);
      // The URL, or a pooler, may give sessions names that are not ours.
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
    this.#onGivenUp({ waiting: dead.length, spare: spare.length });
    const names = all.map(({ sessionName }) => sessionName);
    // Otherwise they would end when PostgreSQL finds out by itself, and keep their locks until then.
    this.#asking?.query(END.text, [names]).catch(() => {});
  }

  async #connect(): Promise<SessionClient> {
    const client = new SessionClient({
      ...sessionConfig(this.#url),
      application_name: 'rostrum watch',
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      statement_timeout: PATIENCE_MS,
    });
    // What breaks fails the question that is under way.
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  #leave(): void {
    const asking = this.#asking;
    if (asking === undefined) return;
    this.#asking = undefined;
    asking.end().catch(() => {});
    // Says goodbye, and waits for no answer.
    asking.socket.destroySoon();
  }
}

/** Whether nothing came and nothing was sent since, and an answer is still awaited. */
function isSilent({ socket, awaitsAnswer }: SessionClient, since: Silence): boolean {
  return (
    awaitsAnswer &&
    socket.bytesRead === since.bytesRead &&
    socket.bytesWritten === since.bytesWritten
  );
}
