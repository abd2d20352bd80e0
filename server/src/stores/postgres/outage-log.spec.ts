import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { freePort } from '../../../../scripts/services/free-port.ts';
import { createTestDatabase } from '../../../test/support/test-database.ts';
import { RecordedLog } from '../../../test/support/transport-server.ts';
import { Database } from './database.js';
import { OutageLog, REFUSES_WRITES } from './outage-log.js';

const ONE = { name: 'one', text: 'SELECT 1' };

function setUp() {
  const { log, lines } = new RecordedLog();
  const clock = { nowMs: 0 };
  return { lines, clock, outage: new OutageLog(log, () => clock.nowMs) };
}

test('an outage is one line, and its end another', () => {
  const { lines, clock, outage } = setUp();
  for (const reason of ['terminating', 'nobody listens', 'terminating']) {
    outage.failed(new Error(reason), outage.outages);
  }
  clock.nowMs = 2_500;
  outage.answered();
  outage.answered();
  expect(lines).toMatchObject([
    { level: 'warn', msg: 'PostgreSQL is away', reason: 'terminating' },
    { level: 'info', msg: 'PostgreSQL is back', seconds: 2.5 },
  ]);
  expect(lines).toHaveLength(2);
});

test('a long one is told again once a minute, with what is wrong then', () => {
  const { lines, clock, outage } = setUp();
  outage.failed(new Error('terminating'), outage.outages);
  for (clock.nowMs = 0; clock.nowMs < 130_000; clock.nowMs += 1_000) {
    outage.failed(new Error('nobody listens'), outage.outages);
  }
  expect(lines.map(({ reason }) => reason)).toEqual([
    'terminating',
    'nobody listens',
    'nobody listens',
  ]);
});

test('connections of which some work and some do not do not fill the log', () => {
  const { lines, clock, outage } = setUp();
  for (clock.nowMs = 0; clock.nowMs < 50_000; clock.nowMs += 100) {
    outage.failed(new Error('too many connections'), outage.outages);
    outage.answered();
  }
  expect(lines).toHaveLength(2);
});

test('an outage soon after another is told when it lasts, and its end with the whole of its time', () => {
  const { lines, clock, outage } = setUp();
  outage.failed(new Error('nobody listens'), outage.outages);
  outage.answered();
  for (clock.nowMs = 1_000; clock.nowMs <= 6_000; clock.nowMs += 500) {
    outage.failed(new Error('nobody listens'), outage.outages);
  }
  outage.answered();
  expect(lines.map(({ msg, seconds }) => seconds ?? msg)).toEqual([
    'PostgreSQL is away',
    0,
    'PostgreSQL is away',
    5.5,
  ]);
});

test('what began in an outage that is over begins no other', () => {
  const { lines, outage } = setUp();
  const { outages } = outage;
  outage.failed(new Error('nobody listens'), outages);
  outage.answered();
  outage.failed(new Error('terminating'), outages);
  expect(lines).toHaveLength(2);
  expect(outage.isOn).toBe(false);
});

test('a database tells what fails, and the first answer after it', async () => {
  const { lines, outage } = setUp();
  const own = await createTestDatabase();
  const options = {
    name: 'test',
    maxConnections: 1,
    statementTimeoutMs: 1_000,
    connectTimeoutMs: 1_000,
    outage,
  };
  const away = new Database({
    ...options,
    url: `postgres://a:b@127.0.0.1:${await freePort()}/c`,
  });
  const there = new Database({ ...options, url: own.url });
  const slow = there.query({ name: 'slow', text: 'SELECT pg_sleep(3)' }, []);
  await expect(slow).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  expect(lines).toHaveLength(0);
  await expect(away.query(ONE, [])).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  await there.query(ONE, []);
  expect(lines).toMatchObject([
    { msg: 'PostgreSQL is away', reason: 'nobody listens there (ECONNREFUSED)' },
    { msg: 'PostgreSQL is back' },
  ]);
  await Promise.all([away.close(), there.close()]);
  await own.drop();
});

test('writes that are refused are told until one is taken, whatever is read meanwhile', async () => {
  const { log, lines } = new RecordedLog();
  const refusals = new OutageLog(log, undefined, REFUSES_WRITES);
  await using own = await createTestDatabase();
  const server = new pg.Client(inject('postgresUrl'));
  await server.connect();
  const setReadOnly = (on: boolean) =>
    server.query(
      `ALTER DATABASE ${new URL(own.url).pathname.slice(1)} SET default_transaction_read_only = ${on}`,
    );
  const database = (name: string, writes: boolean) =>
    new Database({
      url: own.url,
      name,
      maxConnections: 1,
      statementTimeoutMs: 1_000,
      connectTimeoutMs: 1_000,
      refusals,
      writes,
    });
  const write = { name: 'write', text: 'CREATE TABLE IF NOT EXISTS rostrum.written ()' };
  await setReadOnly(true);
  const reads = database('reads', false);
  const writes = database('writes', true);
  await expect(writes.query(write, [])).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  await reads.query(ONE, []);
  await expect(writes.query(write, [])).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  expect(lines.map(({ msg }) => msg)).toEqual(['PostgreSQL refuses writes']);
  expect(refusals.reason).toContain('25006');
  await setReadOnly(false);
  await writes.query(write, []);
  expect(lines.at(-1)?.msg).toBe('PostgreSQL takes writes again');
  expect(refusals.reason).toBe('');
  await Promise.all([reads.close(), writes.close(), server.end()]);
});
