import pg from 'pg';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../../scripts/services/temporary-directory.ts';
import { PostgresHost, StatementStuck } from './postgres-host.ts';

test('a statement that waits too long is ended, and the error tells for whom it waited', async () => {
  await using stack = new AsyncDisposableStack();
  const directory = temporaryDirectory('rostrum-postgres-host-');
  stack.defer(directory.remove);
  const host = await PostgresHost.start(directory.path, 0);
  stack.defer(() => host.stop());
  await host.sql('CREATE TABLE kept (id int)');
  const keeper = new pg.Client({ connectionString: host.postgres.url() });
  await keeper.connect();
  stack.defer(() => keeper.end());
  const { rows } = await keeper.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await keeper.query('BEGIN; LOCK TABLE kept');

  const stuck = await host.sqlWithin(200, 'VACUUM FULL kept').catch((error: unknown) => error);
  expect(stuck).toBeInstanceOf(StatementStuck);
  expect((stuck as Error).message).toContain(`"blockers":[${rows[0]?.pid}]`);
  await expect
    .poll(() => host.sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'VACUUM%'"))
    .toEqual([]);

  await keeper.query('ROLLBACK');
  await host.sqlWithin(10_000, 'VACUUM FULL kept');
});

test('its timeouts end statements and deadlocks, whatever its clock is stepped by', async () => {
  await using stack = new AsyncDisposableStack();
  const directory = temporaryDirectory('rostrum-postgres-host-');
  stack.defer(directory.remove);
  const host = await PostgresHost.start(directory.path, -86_400);
  stack.defer(() => host.stop());
  await host.sql('CREATE TABLE one ()');
  await host.sql('CREATE TABLE two ()');
  const connect = async () => {
    const client = new pg.Client({ connectionString: host.postgres.url() });
    await client.connect();
    stack.defer(() => client.end());
    return client;
  };
  const [a, b] = await Promise.all([connect(), connect()]);
  for (const seconds of [0, 20, -20]) {
    host.stepClock(seconds);
    const isSet = async () => {
      const [row] = await host.sql<{ ahead: number }>(
        'SELECT extract(epoch FROM clock_timestamp())::float8 - $1 AS ahead',
        [Date.now() / 1000 - 86_400],
      );
      return Math.abs((row?.ahead ?? 0) - seconds) < 5;
    };
    await expect.poll(isSet, { timeout: 10_000 }).toBe(true);
    await a.query('BEGIN; LOCK TABLE one');
    await b.query("BEGIN; SET LOCAL statement_timeout = '200ms'");
    await expect(b.query('LOCK TABLE one')).rejects.toMatchObject({ code: '57014' });
    await b.query('ROLLBACK; BEGIN; LOCK TABLE two');
    const locked = await Promise.allSettled([a.query('LOCK TABLE two'), b.query('LOCK TABLE one')]);
    expect(locked.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await Promise.all([a.query('ROLLBACK'), b.query('ROLLBACK')]);
  }
}, 60_000);
