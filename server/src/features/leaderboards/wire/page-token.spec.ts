import { expect, it } from 'vitest';
import type { LeaderboardId } from '../../../domain/ids.js';
import { lastIdOf, tokenAfter } from './page-token.js';

const IDS = ['a', 'Weekly:2026.11', 'x'.repeat(128)] as LeaderboardId[];

it('a token gives back the id that it was made of', () => {
  for (const id of IDS) expect(lastIdOf(tokenAfter(id))).toBe(id);
});

it('any change of any character is noticed', () => {
  const token = tokenAfter('weekly' as LeaderboardId);
  for (let at = 0; at < token.length; at += 1) {
    for (const char of 'Aa0-') {
      const changed = token.slice(0, at) + char + token.slice(at + 1);
      if (changed !== token) expect(() => lastIdOf(changed)).toThrow('page_token');
    }
    expect(() => lastIdOf(token.slice(0, at))).toThrow('page_token');
  }
});

it.each([
  '=',
  'Ä',
  ' ',
  `${tokenAfter('a' as LeaderboardId)}=`,
  `${tokenAfter('a' as LeaderboardId)}\n`,
  'A'.repeat(1_000_000),
])('what is no token is refused', (token) => {
  expect(() => lastIdOf(token)).toThrow('page_token');
});
