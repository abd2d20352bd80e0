import { expect, it } from 'vitest';
import { REASON_CODES } from '../../../server/src/domain/errors.ts';
import { PARTS, readCases } from './case-file.ts';
import { readGaps } from './gaps.ts';

/** Segments are planned: no server of today has one to look for. */
const NEVER_SENT = ['SEGMENT_NOT_FOUND'];

it('each part of a client has cases, and each gap is of a case', () => {
  const cases = readCases();
  expect(new Set(cases.map(({ part }) => part))).toEqual(new Set(PARTS));
  expect(() => readGaps(cases)).not.toThrow();
});

it('each reason of an error that the service documents is met in a case', () => {
  const steps = JSON.stringify(readCases().map((each) => each.steps));
  const missing = Object.keys(REASON_CODES).filter((name) => !steps.includes(`"reason":"${name}"`));
  expect(missing).toEqual(NEVER_SENT);
});
