import type { Life, LifeId } from '../../domain/index-rules.js';
import { type LifeStore, StoreSilent } from '../../features/index/ports.js';
import { type Database, sqlState } from './database.js';
import { statement } from './sql-file.js';

const PRESENT = statement('present_life');
const WAS_SUPERSEDED = statement('was_superseded');
const DECLARE = statement('declare_life');
const READY = statement('ready_life');

interface LifeRow {
  life_id: string;
  redis: string;
  ready: boolean;
}

/** The lives of the index in PostgreSQL. */
export class PostgresLifeStore implements LifeStore {
  /** @param database connections that nothing else uses */
  constructor(private readonly database: Database) {}

  async present(): Promise<Life | undefined> {
    try {
      const { rows } = await this.database.query<LifeRow>(PRESENT);
      return rows[0] && toLife(rows[0]);
    } catch (error) {
      const { cause } = error as Error;
      const state = sqlState(cause);
      // A server that is starting or shutting down serves nobody.
      if (state !== undefined && !state.startsWith('57P0')) throw error;
      throw new StoreSilent('PostgreSQL does not answer', { cause });
    }
  }

  wasSuperseded(redis: string): Promise<boolean> {
    return this.database.value(WAS_SUPERSEDED, [redis]);
  }

  async declare(expected: LifeId | undefined, redis: string, wentBack = false): Promise<Life> {
    const inputs = [expected ?? null, redis, wentBack];
    const { rows } = await this.database.query<LifeRow>(DECLARE, inputs);
    return toLife(rows[0] as LifeRow);
  }

  async markReady(life: LifeId): Promise<void> {
    await this.database.query(READY, [life]);
  }
}

function toLife(row: LifeRow): Life {
  return { id: row.life_id as LifeId, redis: row.redis, ready: row.ready };
}
