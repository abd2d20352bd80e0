import { Client } from 'pg';

/** Resolves when some connection to this database waits for a lock that another one holds. */
export async function waitForLock(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (;;) {
      const waiting = await client.query(
        `SELECT 1 FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      if (waiting.rowCount !== 0) return;
    }
  } finally {
    await client.end();
  }
}
