import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Entry } from '../../domain/entry.js';
import type { RankingNo } from '../../domain/ids.js';
import type { EntryStream } from '../../features/index/ports.js';
import { asStoreError } from './database.js';
import { EntryCopy } from './entry-copy.js';
import { sessionConfig } from './session.js';
import { SessionClient } from './session-client.js';
import type { SessionWatch } from './session-watch.js';
import { statement } from './sql-file.js';

const COPY = statement('copy_entries');
const WALK_BY_KEY = statement('walk_by_key');

/**
 * How many entries one statement reads. Its snapshot keeps the dead versions of all rows that are updated
 * meanwhile, so it must not last long.
 */
const PAGE_SIZE = 50_000;
/** How much of the connection is read at a time. */
const READ_BYTES = 256 * 1024;

export interface EntryStreamOptions {
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  readonly connectTimeoutMs: number;
  /** How long the database may stay silent while an answer is due, in milliseconds. */
  readonly silenceTimeoutMs: number;
  /** Finds a dead connection sooner. */
  readonly watch?: SessionWatch;
}

/**
 * Entries out of PostgreSQL by COPY, on a connection of its own for each iteration. PostgreSQL ends an
 * iteration, with its snapshot and locks, whose reader reads nothing for `SESSION_BOUNDS.silenceMs`.
 */
export class PostgresEntryStream implements EntryStream {
  constructor(private readonly options: EntryStreamOptions) {}

  async *stream(rankingNo: RankingNo, afterPlayerId: string): AsyncGenerator<readonly Entry[]> {
    const { url, name, connectTimeoutMs, watch } = this.options;
    const client = new SessionClient({
      ...sessionConfig(url),
      application_name: `rostrum ${name}`,
      connectionTimeoutMillis: connectTimeoutMs,
    });
    client.expectsBytes = false;
    // A connection that breaks fails the query that is under way: that error is thrown.
    client.on('error', () => {});
    let done = false;
    try {
      await client.connect();
      watch?.watch(client);
      await this.#inTime(client, client.query(WALK_BY_KEY.text));
      let after = afterPlayerId;
      for (;;) {
        let count = 0;
        for await (const entries of this.#page(client, rankingNo, after)) {
          count += entries.length;
          after = entries.at(-1)?.playerId ?? after;
          yield entries;
        }
        if (count < PAGE_SIZE) break;
      }
      done = true;
    } catch (error) {
      throw asStoreError(error);
    } finally {
      if (done) await this.#inTime(client, client.end()).catch(() => {});
      client.socket.destroy();
    }
  }

  async *#page(
    client: SessionClient,
    rankingNo: RankingNo,
    afterPlayerId: string,
  ): AsyncGenerator<Entry[]> {
    const inputs = [String(rankingNo), pg.escapeLiteral(afterPlayerId), String(PAGE_SIZE)];
    const text = COPY.text.replace(/\$(\d)/g, (_, number) => inputs[Number(number) - 1] as string);
    const stream = client.query(copyTo(text, { highWaterMark: READ_BYTES }));
    // It may break when nobody reads it any more.
    stream.on('error', () => {});
    const copy = new EntryCopy(rankingNo);
    const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    try {
      for (;;) {
        const chunk = await this.#inTime(client, chunks.next());
        if (chunk.done === true) break;
        const entries = copy.read(chunk.value);
        if (entries.length > 0) yield entries;
      }
      if (!copy.ended) throw new Error('PostgreSQL ended COPY before its end');
    } finally {
      stream.destroy();
    }
  }

  /** Breaks the connection, which fails `answer`, if the database does not answer. */
  async #inTime<T>(client: SessionClient, answer: Promise<T>): Promise<T> {
    const { silenceTimeoutMs } = this.options;
    const timer = setTimeout(() => {
      client.socket.destroy(new Error(`PostgreSQL was silent for ${silenceTimeoutMs} ms`));
    }, silenceTimeoutMs);
    client.expectsBytes = true;
    try {
      return await answer;
    } finally {
      client.expectsBytes = false;
      clearTimeout(timer);
    }
  }
}
