import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeEntries, makeOddEntries, ODD_ENTRIES } from '../../../test/support/make-entries.ts';
import { startOwnPostgres } from '../../../test/support/own-services.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import type { Entry } from '../../domain/entry.js';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import { Database } from './database.js';
import { EntryCopy } from './entry-copy.js';
import { PostgresEntryStore } from './entry-store.js';
import { type EntryStreamOptions, PostgresEntryStream } from './entry-stream.js';
import { migrate } from './migrate.js';
import { SESSION_BOUNDS } from './session.js';

const ODD = 1 as RankingNo;
const LARGE = 2 as RankingNo;
/** Several pages, and the last one is not full. */
const LARGE_COUNT = 120_000;
const EMPTY = 3 as RankingNo;
/** One page is more than the buffers of a connection hold. */
const HEAVY = 4 as RankingNo;

let own: TestDatabase;

function optionsOf(url: string, silenceTimeoutMs = 20_000): EntryStreamOptions {
  return { url, name: 'test', connectTimeoutMs: 5_000, silenceTimeoutMs };
}

function streamOf(url: string, silenceTimeoutMs?: number): PostgresEntryStream {
  return new PostgresEntryStream(optionsOf(url, silenceTimeoutMs));
}

async function collect(of: AsyncIterable<readonly Entry[]>): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const some of of) entries.push(...some);
  return entries;
}

beforeAll(async () => {
  own = await createTestDatabase();
  await makeOddEntries(own.url, ODD);
  await makeEntries(own.url, LARGE, LARGE_COUNT);
  await makeEntries(own.url, HEAVY, 20_000, 'm'.repeat(1_000));
});

afterAll(async () => {
  // Fails if an iteration left its connection open.
  await own?.drop();
});

describe('a stream of entries', () => {
  it('has what a scan has, to the bit', async () => {
    const database = new Database({
      url: own.url,
      name: 'test',
      maxConnections: 1,
      statementTimeoutMs: 5_000,
      connectTimeoutMs: 5_000,
    });
    const scanned = await new PostgresEntryStore(database, database).scan(ODD, '', 1_000);
    await database.close();
    const streamed = await collect(streamOf(own.url).stream(ODD, ''));
    expect(streamed).toHaveLength(ODD_ENTRIES.length);
    // toStrictEqual tells -0 from 0.
    expect(streamed).toStrictEqual(scanned);
    const minusZero = streamed.find(({ playerId }) => playerId === 'minus-zero');
    expect(minusZero?.score).toBe(-0);
  });

  it('has each entry once, by ascending player id, over all pages', async () => {
    let expected = 1;
    for await (const entries of streamOf(own.url).stream(LARGE, '')) {
      for (const { playerId, version, rankingNo } of entries) {
        if (version !== expected || rankingNo !== LARGE) throw new Error(`${playerId} is amiss`);
        expected += 1;
      }
    }
    expect(expected - 1).toBe(LARGE_COUNT);
  });

  it('leaves out players who left', async () => {
    const database = new Database({
      url: own.url,
      name: 'test',
      maxConnections: 1,
      statementTimeoutMs: 5_000,
      connectTimeoutMs: 5_000,
    });
    const store = new PostgresEntryStore(database, database);
    const last = 'p0120000' as PlayerId;
    await store.setRanked(LARGE, last, false);
    expect(await collect(streamOf(own.url).stream(LARGE, 'p0119999'))).toEqual([]);
    await store.setRanked(LARGE, last, true);
    expect(await collect(streamOf(own.url).stream(LARGE, 'p0119999'))).toHaveLength(1);
    await database.close();
  });

  it('begins after a player', async () => {
    const entries = await collect(streamOf(own.url).stream(LARGE, 'p0119998'));
    expect(entries.map(({ playerId }) => playerId)).toEqual(['p0119999', 'p0120000']);
    expect(await collect(streamOf(own.url).stream(LARGE, 'p0120000'))).toEqual([]);
    expect(await collect(streamOf(own.url).stream(EMPTY, ''))).toEqual([]);
  });

  it('can be left early', async () => {
    let seen = 0;
    for await (const entries of streamOf(own.url).stream(LARGE, '')) {
      seen += entries.length;
      break;
    }
    expect(seen).toBeGreaterThan(0);
  });

  it('keeps no lock for long when its reader reads nothing', async () => {
    const idle = streamOf(own.url).stream(HEAVY, '');
    expect((await idle.next()).value?.length).toBeGreaterThan(0);
    const other = new Database({
      url: own.url,
      name: 'other',
      maxConnections: 1,
      statementTimeoutMs: 4 * SESSION_BOUNDS.silenceMs,
      connectTimeoutMs: 5_000,
    });
    await other.withConnection(async (client) => {
      await client.query('BEGIN');
      const { code } = await client
        .query("SET LOCAL lock_timeout = '100ms'; LOCK TABLE rostrum.entries")
        .catch((error) => error);
      expect(code).toBe('55P03');
      await client.query('ROLLBACK; BEGIN');
      await client.query('LOCK TABLE rostrum.entries IN ACCESS EXCLUSIVE MODE');
      await client.query('ROLLBACK');
    });
    await other.close();
    await expect(collect(idle)).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  }, 60_000);

  it('is STORE_UNAVAILABLE when PostgreSQL is away, hangs or dies', async () => {
    await using stack = new AsyncDisposableStack();
    const postgres = await startOwnPostgres();
    stack.defer(() => postgres.stop());
    await migrate(postgres.url());
    await makeEntries(postgres.url(), LARGE, LARGE_COUNT);
    const unavailable = { reason: 'STORE_UNAVAILABLE' };

    const dying = streamOf(postgres.url()).stream(LARGE, '');
    let killed = false;
    const read = async () => {
      for await (const _ of dying) {
        if (killed) continue;
        await postgres.kill();
        killed = true;
      }
    };
    await expect(read()).rejects.toMatchObject(unavailable);
    expect(killed).toBe(true);

    await expect(collect(streamOf(postgres.url()).stream(LARGE, ''))).rejects.toMatchObject(
      unavailable,
    );

    await postgres.start();
    // Patient until there is nothing to wait for.
    const options = { ...optionsOf(postgres.url()), silenceTimeoutMs: 20_000 };
    const hanging = new PostgresEntryStream(options).stream(LARGE, '')[Symbol.asyncIterator]();
    expect((await hanging.next()).value?.length).toBeGreaterThan(0);
    options.silenceTimeoutMs = 300;
    // One statement waits for a lock, as long as it is held.
    const blocker = new Database({
      url: postgres.url(),
      name: 'blocker',
      maxConnections: 1,
      statementTimeoutMs: 60_000,
      connectTimeoutMs: 5_000,
    });
    stack.defer(() => blocker.close());
    await blocker.withConnection(async (client) => {
      await client.query('BEGIN');
      // Waits itself until the page that is being read is through; then the next page waits.
      const locked = client.query('LOCK TABLE rostrum.entries IN ACCESS EXCLUSIVE MODE');
      const rest = async () => {
        while ((await hanging.next()).done !== true);
      };
      await expect(rest()).rejects.toMatchObject(unavailable);
      await locked;
      await client.query('COMMIT');
    });
  }, 60_000);
});

describe('a copy', () => {
  it('may be cut anywhere', async () => {
    const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
    const whole = Buffer.concat([header, row('p1'), row('p2'), Buffer.of(0xff, 0xff)]);
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const copy = new EntryCopy(LARGE);
      const before = copy.read(whole.subarray(0, cut));
      expect(copy.ended).toBe(cut === whole.length);
      const entries = [...before, ...copy.read(whole.subarray(cut))];
      expect(entries.map(({ playerId }) => playerId)).toEqual(['p1', 'p2']);
      expect(copy.ended).toBe(true);
      expect(entries[1]).toMatchObject({ score: 1.5, version: 2 ** 53, metadata: null });
    }
  });

  it('is refused in another form', () => {
    expect(() => new EntryCopy(LARGE).read(Buffer.from('p1\t1.5\t0\t1\t1\t1\n'))).toThrow(
      TypeError,
    );
  });
});

function row(playerId: string): Buffer {
  const double = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return bytes;
  };
  const bigint = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(value));
    return bytes;
  };
  const columns: (Buffer | null)[] = [
    Buffer.from(playerId),
    double(1.5),
    double(0),
    bigint(1),
    bigint(2 ** 53),
    Buffer.of(0, 0, 0, 1),
    bigint(1),
    bigint(1),
    Buffer.from('name'),
    null,
  ];
  const parts = columns.map((column) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(column?.length ?? -1);
    return Buffer.concat([length, column ?? Buffer.alloc(0)]);
  });
  return Buffer.concat([Buffer.of(0, columns.length), ...parts]);
}
