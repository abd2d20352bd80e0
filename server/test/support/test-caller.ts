import { type Caller, Holdings, type IdentityHoldings } from '../../src/domain/caller.js';

/** A caller without a connection, of a new identity unless one is given. */
export function testCaller(
  identity = 'writer/test',
  of: IdentityHoldings = { identity, connections: 1, rows: 0, refused: 0, ...new Holdings() },
): Caller {
  return { of, ...new Holdings() };
}
