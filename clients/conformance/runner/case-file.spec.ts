import { expect, it } from 'vitest';
import { PARTS, readCases } from './case-file.ts';
import { readGaps } from './gaps.ts';

it('each part of a client has cases, and each gap is of a case', () => {
  const cases = readCases();
  expect(new Set(cases.map(({ part }) => part))).toEqual(new Set(PARTS));
  expect(() => readGaps(cases)).not.toThrow();
});
