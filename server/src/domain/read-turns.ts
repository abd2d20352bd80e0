import type { Caller, IdentityHoldings } from './caller.js';
import { CallerTurns } from './caller-turns.js';
import { RostrumError } from './errors.js';

/** What a read costs besides its rows, in rows. */
const READ_COST = 8;
/**
 * Rows that one identity may be reading at a time. This is far more than keeps the index busy, and
 * few enough that a single row behind them waits a tenth of a second, not seconds.
 */
const MAX_ROWS = 32_768;

/** Who asks: a call over a connection. */
export interface Asking {
  readonly connection: Caller;
  /** Whether nobody waits for the answer any more. */
  readonly cancelled: boolean;
}

interface Waiting {
  readonly caller: Caller;
  readonly cost: number;
  readonly start: () => void;
}

/** The reads of one identity that wait; kept only while there are some. */
interface Line {
  readonly turns: CallerTurns<Waiting>;
  /** Whose turn it is, once there is room for it. */
  next: Waiting;
}

/**
 * Limits what each identity reads at a time; the rest waits its turn among the connections of that
 * identity. So nobody queues behind a thousand pages of somebody else's, and light readers notice
 * nothing.
 */
export class ReadTurns {
  readonly #maxRows: number;
  readonly #waiting = new Map<IdentityHoldings, Line>();

  /** @param maxRows rows that one identity may be reading; one read is always let through */
  constructor(maxRows = MAX_ROWS) {
    this.#maxRows = maxRows;
  }

  /**
   * Reads when it is the caller's turn, and gives what `use` makes of what was read.
   *
   * @param rows how many rows `read` asks for
   * @throws DEADLINE_EXCEEDED when nobody waits any more, and what `read` and `use` throw
   */
  read<V, T>(
    asking: Asking,
    rows: number,
    read: () => Promise<V>,
    use: (value: V) => T,
  ): Promise<T> {
    const { connection: caller } = asking;
    const cost = READ_COST + rows;
    const line = this.#waiting.size === 0 ? undefined : this.#waiting.get(caller.of);
    if (line === undefined && this.#mayStart(caller.of, cost)) {
      return this.#read(caller, cost, read, use);
    }
    return new Promise((resolve, reject) => {
      const start = () => {
        if (asking.cancelled) reject(nobodyWaits());
        else resolve(this.#read(caller, cost, read, use));
      };
      const waiting = { caller, cost, start };
      if (line !== undefined) line.turns.add(waiting);
      else this.#waiting.set(caller.of, { turns: new CallerTurns(), next: waiting });
    });
  }

  /** With one promise more than the read itself: tens of thousands a second come this way. */
  #read<V, T>(
    caller: Caller,
    cost: number,
    read: () => Promise<V>,
    use: (value: V) => T,
  ): Promise<T> {
    caller.of.rows += cost;
    return read().then(
      (value) => {
        this.#ended(caller.of, cost);
        return use(value);
      },
      (error: unknown) => {
        this.#ended(caller.of, cost);
        throw error;
      },
    );
  }

  #mayStart({ rows }: IdentityHoldings, cost: number): boolean {
    return rows === 0 || rows + cost <= this.#maxRows;
  }

  #ended(identity: IdentityHoldings, cost: number): void {
    identity.rows -= cost;
    if (this.#waiting.size === 0) return;
    const line = this.#waiting.get(identity);
    if (line === undefined) return;
    while (this.#mayStart(identity, line.next.cost)) {
      const { start } = line.next;
      const next = line.turns.next();
      if (next === undefined) this.#waiting.delete(identity);
      else line.next = next;
      start();
      if (next === undefined) return;
    }
  }
}

function nobodyWaits(): RostrumError {
  return new RostrumError('DEADLINE_EXCEEDED', 'the caller was gone before its turn to read came');
}
