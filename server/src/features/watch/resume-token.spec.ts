import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RostrumError } from '../../domain/errors.js';
import type { SeasonNo } from '../../domain/ids.js';
import { decodeResumeToken, encodeResumeToken, type TokenScope } from './resume-token.js';

const VIEW: TokenScope = {
  kind: 'view',
  seasonNo: 7 as SeasonNo,
  viewHash: Buffer.alloc(32, 5),
};
const FEED: TokenScope = { kind: 'feed', seasonNo: 7 as SeasonNo, viewHash: undefined };

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RostrumError) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('resume tokens', () => {
  it('bring back their position', () => {
    const position = fc.record({ epoch: fc.maxSafeNat(), revision: fc.maxSafeNat() });
    fc.assert(
      fc.property(position, fc.constantFrom(VIEW, FEED), (at, scope) => {
        expect(decodeResumeToken(encodeResumeToken(scope, at), scope)).toEqual(at);
      }),
    );
  });

  it.each([
    ['another season, of whichever leaderboard', { ...VIEW, seasonNo: 8 as SeasonNo }],
    ['another view', { ...VIEW, viewHash: Buffer.alloc(32, 6) }],
    ['the feed', FEED],
  ])('are refused for %s', (_, scope) => {
    const token = encodeResumeToken(VIEW, { epoch: 1, revision: 2 });
    expect(reasonOf(() => decodeResumeToken(token, scope))).toBe('INVALID_RESUME_TOKEN');
  });

  it('are refused with any one character changed, added or removed', () => {
    const token = encodeResumeToken(FEED, { epoch: 1, revision: 2 });
    const forged = [...token].flatMap((character, at) => [
      token.slice(0, at) + (character === 'A' ? 'B' : 'A') + token.slice(at + 1),
      token.slice(0, at) + token.slice(at + 1),
    ]);
    const reasons = [...forged, `${token}A`].map((text) =>
      reasonOf(() => decodeResumeToken(text, FEED)),
    );
    expect(new Set(reasons)).toEqual(new Set(['INVALID_RESUME_TOKEN']));
  });

  it('are refused when they are anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), (text) => {
        expect(reasonOf(() => decodeResumeToken(text, FEED))).toBe('INVALID_RESUME_TOKEN');
      }),
    );
  });
});
