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
  readonly start: () => void;
}

/**
 * Limits what each identity reads at a time; further reads wait, and the connections of the identity take
 * turns. So nobody queues behind a thousand pages of another identity, and light readers notice nothing.
 */
export class ReadTurns {
  /** The reads that wait, for identities that have some. */
  readonly #waiting = new Map<IdentityHoldings, CallerTurns<Waiting>>();

  /** @param maxRows rows that one identity may be reading; its last read may go beyond */
  constructor(private readonly maxRows = MAX_ROWS) {}

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
    if (caller.of.rows < this.maxRows) return this.#read(caller, cost, read, use);
    return new Promise((resolve, reject) => {
      const start = () => {
        if (asking.cancelled) reject(callerGone());
        else resolve(this.#read(caller, cost, read, use));
      };
      this.#waiting.getOrInsertComputed(caller.of, () => new CallerTurns()).add({ caller, start });
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

  #ended(identity: IdentityHoldings, cost: number): void {
    identity.rows -= cost;
    const turns = this.#waiting.size === 0 ? undefined : this.#waiting.get(identity);
    while (turns !== undefined && identity.rows < this.maxRows) {
      const next = turns.next();
      if (next === undefined) {
        this.#waiting.delete(identity);
        return;
      }
      next.start();
    }
  }
}

function callerGone(): RostrumError {
  return new RostrumError('DEADLINE_EXCEEDED', 'the caller was gone before its turn to read came');
}
