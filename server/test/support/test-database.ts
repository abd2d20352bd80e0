import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { inject } from 'vitest';

/** How long closed connections may take to leave the server, in milliseconds. */
const LEAVE_MS = 3_000;

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Removes it. @throws Error when connections to it are still open: somebody leaked a pool. */
  drop(): Promise<void>;
}

let made = 0;

/** Makes a database of its own with all migrations applied, on the server of the run. */
export async function createTestDatabase(): Promise<TestDatabase> {
  made += 1;
  const name = `rostrum_test_${process.pid}_${made}_${Date.now()}`;
  await onServer(async (client) => {
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${inject('templateDatabase')}`);
  });
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  const drop = () => onServer((client) => dropDatabase(client, name));
  return { url: url.href, drop, [Symbol.asyncDispose]: drop };
}

async function dropDatabase(client: Client, name: string): Promise<void> {
  const countOpen = async () => {
    const open = await client.query<{ application_name: string; query: string }>(
      'SELECT application_name, query FROM pg_stat_activity WHERE datname = $1',
      [name],
    );
    return open.rows;
  };
  const giveUpAt = Date.now() + LEAVE_MS;
  let open = await countOpen();
  while (open.length > 0 && Date.now() < giveUpAt) {
    await delay(20);
    open = await countOpen();
  }
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  if (open.length === 0) return;
  throw new Error(
    `${open.length} connections to the test database were left open; their last queries: ${open
      .map((row) => row.query)
      .join(' | ')}`,
  );
}

async function onServer(work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
