import { expect, test } from 'vitest';
import { IdentityHoldings } from '../../domain/caller.js';
import { identityUse } from './identity-use.js';

const limits = {
  connections: () => 10,
  watches: () => 100,
  watchedRows: () => 1_000,
  submissions: (held: number) => 900 + held,
  unsentBytes: () => 1_000,
};

function holdings(identity: string, held: Partial<IdentityHoldings>): IdentityHoldings {
  return Object.assign(new IdentityHoldings(identity), { connections: 1, ...held });
}

test('those nearest to a limit come first, with what it is a limit of', () => {
  const use = identityUse(
    [
      holdings('writer/idle', {}),
      holdings('reader/screens', { watches: 95 }),
      holdings('writer/game', { submissions: 100, unsentBytes: 50 }),
      holdings('reader/lists', { watches: 1, watchedRows: 900 }),
      holdings('writer/refused', { refused: 3 }),
    ],
    limits,
  );
  expect(
    use.map(({ identity, fullest, fullestPercent }) => [identity, fullest, fullestPercent]),
  ).toEqual([
    ['reader/screens', 'watches', 95],
    ['reader/lists', 'watchedRows', 90],
    ['writer/refused', 'connections', 10],
    ['writer/idle', 'connections', 10],
    ['writer/game', 'connections', 10],
  ]);
});

test('of many identities the first twenty are told', () => {
  const many = Array.from({ length: 50 }, (_, n) => holdings(`writer/${n}`, { watches: n + 20 }));
  const use = identityUse(many, limits);
  expect(use).toHaveLength(20);
  expect(use[0]?.identity).toBe('writer/49');
});
