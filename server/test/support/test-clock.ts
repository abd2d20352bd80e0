import { Client } from 'pg';

/** Makes a clock for tests, which comes before that of PostgreSQL where its schema is named first. */
export async function makeTestClock(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`
      CREATE SCHEMA clock;
      CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
      RETURN coalesce(
        current_setting('clock.now', true)::timestamptz,
        pg_catalog.clock_timestamp() + current_setting('clock.ahead')::interval)`);
  } finally {
    await client.end();
  }
}

/**
 * The URL for sessions with this clock.
 * @param setting `now=<time>`, where the clock stands still, or `ahead=<interval>`
 */
export function urlAt(databaseUrl: string, setting: string): string {
  const url = new URL(databaseUrl);
  url.searchParams.set('options', `-c search_path=clock,pg_catalog -c clock.${setting}`);
  return url.href;
}
