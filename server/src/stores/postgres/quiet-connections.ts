import type { Duplex } from 'node:stream';
import type pg from 'pg';

/** A connection on which nothing came for so long, in milliseconds, is asked whether it lives before it is used. */
const QUIET_MS = 100;
/** And is given up when it has not answered within this. */
const SILENT_MS = 1_000;
/** How long connections have to end in order. */
const END_MS = 1_000;

/** The driver's types do not know yet that a query may have a timeout of its own. */
const PROBE: pg.QueryConfig & { query_timeout: number } = {
  text: 'SELECT',
  query_timeout: SILENT_MS,
};

/**
 * Knows which connections of a pool were quiet for a while. The other end of one may have vanished without
 * a word: a statement would wait there for as long as it may run.
 */
export class QuietConnections {
  /** The open connections, and when each was last heard. */
  readonly #heardAtMs = new Map<pg.ClientBase, number>();

  constructor(pool: pg.Pool) {
    pool.on('connect', (client) => this.heard(client));
    pool.on('remove', (client) => this.#heardAtMs.delete(client));
  }

  heard(client: pg.ClientBase): void {
    this.#heardAtMs.set(client, performance.now());
  }

  /** Whether the other end is there. A client that is not must be closed. Somebody must listen to its errors. */
  async lives(client: pg.ClientBase): Promise<boolean> {
    const heardAtMs = this.#heardAtMs.get(client) ?? Number.NEGATIVE_INFINITY;
    if (performance.now() - heardAtMs < QUIET_MS) return true;
    return await client.query(PROBE).then(
      () => true,
      () => false,
    );
  }

  /** Sees to it that a pool ends, also where the other end of a connection is silent. */
  async endAll(pool: pg.Pool): Promise<void> {
    const timer = setTimeout(() => {
      for (const client of this.#heardAtMs.keys()) streamOf(client).destroy();
    }, END_MS);
    await pool.end().finally(() => clearTimeout(timer));
  }
}

function streamOf(client: pg.ClientBase): Duplex {
  return (client as unknown as { connection: { stream: Duplex } }).connection.stream;
}
