import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { RankingNo } from '../../src/domain/ids.ts';
import { rankingKeys } from '../../src/stores/redis/keys.ts';
import { Offset } from '../../src/stores/redis/layout.ts';

/** The keys of a ranking's serving index, for tests that damage it behind the server's back. */
export interface IndexKeys {
  readonly meta: string;
  readonly order: string;
  readonly entries: string;
  readonly epoch: number;
}

/** Reaches into the index of leaderboards. */
export class IndexTampering {
  readonly redis: Redis;
  readonly #databaseUrl: string;

  constructor(redisUrl: string, databaseUrl: string) {
    this.redis = new Redis(redisUrl);
    this.#databaseUrl = databaseUrl;
  }

  async keysOf(leaderboardId: string): Promise<IndexKeys> {
    const client = new Client({ connectionString: this.#databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ ranking_no: string; epoch: string }>(
        `SELECT ranking_no, epoch FROM rostrum.rankings JOIN rostrum.index_marks USING (ranking_no)
         JOIN rostrum.leaderboards USING (board_no)
         WHERE leaderboard_id = $1`,
        [leaderboardId],
      );
      const [row] = rows;
      if (row === undefined) throw new Error(`there is no leaderboard ${leaderboardId}`);
      const keys = rankingKeys(Number(row.ranking_no) as RankingNo);
      const at = 3 * (Number(row.epoch) % 2);
      return {
        meta: keys[0] as string,
        order: keys[1 + at] as string,
        entries: keys[2 + at] as string,
        epoch: Number(row.epoch),
      };
    } finally {
      await client.end();
    }
  }

  /** The member of the order that is a player's place. */
  memberOf(keys: IndexKeys, playerId: string): Promise<Buffer> {
    return this.recordOf(keys, playerId);
  }

  /** What the index has of a player, see stores/redis/layout.ts. */
  async recordOf(keys: IndexKeys, playerId: string): Promise<Buffer> {
    const record = await this.redis.hgetBuffer(keys.entries, playerId);
    if (record === null) throw new Error(`${playerId} has no record`);
    return record;
  }

  /** The same with the version before. */
  aged(record: Buffer): Buffer {
    const changed = Buffer.from(record);
    changed.writeDoubleBE(record.readDoubleBE(Offset.VERSION) - 1, Offset.VERSION);
    return changed;
  }

  /** The same for another player. */
  forged(record: Buffer, playerId: string): Buffer {
    const payloadAt = Offset.PLAYER + (record[Offset.PLAYER_LENGTH] ?? 0);
    const changed = Buffer.concat([
      record.subarray(0, Offset.PLAYER_LENGTH),
      Buffer.of(playerId.length),
      Buffer.from(playerId),
      record.subarray(payloadAt),
    ]);
    changed.writeUInt32BE(changed.length, Offset.LENGTH);
    return changed;
  }

  close(): void {
    this.redis.disconnect();
  }
}
