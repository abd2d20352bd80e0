import { expect, test } from 'vitest';
import { parseIdentity, ROLES, roleAllows } from './identity.js';

test('the identity is the only URI among the names', () => {
  expect(parseIdentity('DNS:game.example, URI:spiffe://rostrum/writer/game-1')).toEqual({
    role: 'writer',
    name: 'game-1',
  });
});

test.each([
  undefined,
  '',
  'DNS:localhost',
  'URI:spiffe://rostrum/server/server',
  'URI:spiffe://rostrum/owner/x',
  'URI:spiffe://rostrum/Admin/x',
  'URI:spiffe://rostrum/admin/',
  'URI:spiffe://rostrum/admin/x/y',
  'URI:spiffe://rostrum/admin/-x',
  'URI:spiffe://other/admin/x',
  'URI:https://rostrum/admin/x',
  'URI:spiffe://rostrum/admin/x?y',
  `URI:spiffe://rostrum/admin/${'x'.repeat(129)}`,
  'email:spiffe://rostrum/admin/x',
])('%s is no identity', (names) => {
  expect(parseIdentity(names)).toBeUndefined();
});

test('two URIs are no identity, whichever comes first', () => {
  const two = ['URI:spiffe://rostrum/reader/a', 'URI:spiffe://rostrum/admin/a'];
  expect(parseIdentity(two.join(', '))).toBeUndefined();
  expect(parseIdentity(two.reverse().join(', '))).toBeUndefined();
});

test('a name that only looks like a list of names is no identity', () => {
  // How Node prints one DNS name that holds a comma and a URI.
  const forged = 'DNS:"x, URI:spiffe://rostrum/admin/evil, y"';
  expect(parseIdentity(forged)).toBeUndefined();
  expect(parseIdentity(`${forged}, URI:spiffe://rostrum/reader/a`)).toBeUndefined();
});

test('each role may do what the ones below it may', () => {
  const table = ROLES.map((role) => ROLES.map((required) => roleAllows(role, required)));
  expect(table).toEqual([
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ]);
});
