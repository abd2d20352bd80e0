import { Client } from 'pg';

/** Writes entries of players p0000001, p0000002, … into the store of record, without submissions. */
export async function makeEntries(
  databaseUrl: string,
  rankingNo: number,
  count: number,
  displayName = '',
): Promise<void> {
  await onDatabase(databaseUrl, async (client) => {
    await client.query(
      `INSERT INTO rostrum.entries (ranking_no, player_id, score, subscore, reached, version,
                                    submissions, client_us, achieved_us, update_us, display_name)
       SELECT $1, 'p' || lpad(g::text, 7, '0'), g * 7919 % 10007, g % 3, g, g, 1, 1, 1, 1, $3
       FROM generate_series(1, $2::int) AS g`,
      [rankingNo, count, displayName],
    );
  });
}

/** An entry as a test wants to have it in the store of record; versions are given by position. */
export interface OddEntry {
  readonly playerId: string;
  readonly score?: number;
  readonly subscore?: number;
  readonly reached?: number;
  readonly displayName?: string;
  readonly metadata?: string;
}

/** Entries at the ends of what the contract allows, and of what formats and escapes like to break. */
export const ODD_ENTRIES: readonly OddEntry[] = [
  { playerId: 'a' },
  { playerId: 'Z9._:-'.padEnd(128, 'x'), score: 1 },
  { playerId: 'NULL', displayName: 'NULL' },
  { playerId: 'negative', score: -17.25, subscore: -3 },
  { playerId: 'minus-zero', score: -0, subscore: -0 },
  { playerId: 'largest', score: 2 ** 53, subscore: -(2 ** 53) },
  { playerId: 'smallest', score: Number.MIN_VALUE, subscore: -Number.MIN_VALUE },
  { playerId: 'fraction', score: 0.1 + 0.2, subscore: 1e-300 },
  { playerId: 'late', reached: 2 ** 53 - 1 },
  { playerId: 'escapes', displayName: '\\N \\. \\x41 "quoted" {a,b} \'' },
  { playerId: 'unicode', displayName: '𝔄🏆é日本 한국' },
  { playerId: 'empty-metadata', metadata: '{}' },
  {
    playerId: 'json',
    metadata: '{"a":"\\u0009\\n\\\\ \\"","b":[1,null,true,{"ü":"🏆"}],"c":1e-7}',
  },
  { playerId: 'small-record', metadata: JSON.stringify({ text: 'm'.repeat(120) }) },
  { playerId: 'large-record', metadata: JSON.stringify({ text: 'm'.repeat(400) }) },
  { playerId: 'huge-record', metadata: JSON.stringify({ text: 'ü'.repeat(40_000) }) },
];

export async function makeOddEntries(databaseUrl: string, rankingNo: number): Promise<void> {
  await onDatabase(databaseUrl, async (client) => {
    for (const [index, odd] of ODD_ENTRIES.entries()) {
      await client.query(
        `INSERT INTO rostrum.entries (ranking_no, player_id, score, subscore, reached, version,
                                      submissions, client_us, achieved_us, update_us, display_name,
                                      metadata)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11)`,
        [
          rankingNo,
          odd.playerId,
          literal(odd.score ?? 5),
          literal(odd.subscore ?? 0),
          odd.reached ?? 10 + index,
          2 ** 40 + index,
          2 ** 31 - 1 - index,
          1_700_000_000_123_456 + index,
          1_700_000_000_000_000,
          odd.displayName ?? '',
          odd.metadata ?? null,
        ],
      );
    }
  });
}

/** The driver would send -0 as 0. */
function literal(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

async function onDatabase(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
