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

/** What all connections of one identity hold together: one object for as long as one is open. */
export interface IdentityHoldings extends Holdings {
  /** `role/name`, such as `writer/game-eu`; empty for connections without an identity. */
  readonly identity: string;
  connections: number;
  /** Rows of rankings that are being read for it. */
  rows: number;
  /** Refusals because the identity held too much, since its first connection was opened. */
  refused: number;
}

/**
 * One connection that asks for shared resources. Turns and limits go by identity first, so that many
 * connections gain nothing, and then by the connections of the identity.
 */
export interface Caller extends Holdings {
  readonly of: IdentityHoldings;
}
