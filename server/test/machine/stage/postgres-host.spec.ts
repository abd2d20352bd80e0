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
