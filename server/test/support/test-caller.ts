import { type Caller, Holdings, IdentityHoldings } from '../../src/domain/caller.js';

/** A caller without a connection, of a new identity unless one is given. */
export function testCaller(
  identity = 'writer/test',
  of = Object.assign(new IdentityHoldings(identity), { connections: 1 }),
): Caller {
  return { of, ...new Holdings() };
}
