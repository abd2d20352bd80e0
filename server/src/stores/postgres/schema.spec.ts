import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../../../test/support/test-database.ts';
import { FUNCTION_SET } from './sql-file.js';

const DESCRIBE = readFileSync(
  new URL('../../../test/support/describe-schema.sql', import.meta.url),
  'utf8',
);

test('the schema is the one that was reviewed; npm test -- schema.spec.ts -u renews schema.txt', async () => {
  await using own = await createTestDatabase();
  const client = new Client({ connectionString: own.url });
  await client.connect();
  try {
    await client.query('SET search_path = pg_catalog');
    const { rows } = await client.query<{ line: string }>(DESCRIBE, [FUNCTION_SET]);
    const text = rows.map(({ line }) => `${line}\n`).join('');
    await expect(text).toMatchFileSnapshot('./schema.txt');
  } finally {
    await client.end();
  }
});
