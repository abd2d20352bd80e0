/** What a caller holds of a process now, at first nothing. The parts that hand it out keep the numbers. */
export class Holdings {
  /** Submissions that wait or are in work. */
  submissions = 0;
  /** Submissions among them that wait for their leaderboard to be created. */
  creations = 0;
  /** Open verifications. */
  verifications = 0;
  /** Open watches. */
  watches = 0;
  /** Rows kept for the watches; a view counts once, however many watch it. */
  watchedRows = 0;
  /** Bytes of answers and messages that the caller has not read yet. */
  unsentBytes = 0;
  /** Bytes received of incomplete requests. */
  receivedBytes = 0;
}

/** What there is a limited amount of, beside connections. */
export type Limit = keyof Holdings;

/** What all connections of one identity hold together: one object for as long as one is open. */
export class IdentityHoldings extends Holdings {
  connections = 0;
  /** Rows of rankings that are being read for it. */
  rows = 0;
  /** Refusals because the identity held too much, since its first connection was opened. */
  refused = 0;
  readonly #onRefused: (identity: string, limit: Limit) => void;

  /**
   * @param identity `role/name`, such as `writer/game-eu`; empty for connections without an identity
   * @param onRefused told of every refusal but those of connections
   */
  constructor(
    readonly identity: string,
    onRefused: (identity: string, limit: Limit) => void = () => {},
  ) {
    super();
    this.#onRefused = onRefused;
  }

  /** Notes that something is refused, because there is no more of it. */
  refuse(limit: Limit): void {
    this.refused += 1;
    this.#onRefused(this.identity, limit);
  }
}

/**
 * One connection that asks for shared resources. Turns and limits go by identity first, so that many
 * connections gain nothing, and then by the connections of the identity.
 */
export interface Caller extends Holdings {
  readonly of: IdentityHoldings;
}
