import { expect, it } from 'vitest';
import { nearestWord } from './nearest-word.js';

const known = ['leaderboardId', 'playerId', 'submissionId', 'score', 'subscore', 'clientTime'];

it.each([
  ['submisionId', 'submissionId'],
  ['submission_id', 'submissionId'],
  ['playerID', 'playerId'],
  ['scores', 'score'],
  ['time', undefined],
  ['x', undefined],
  ['', undefined],
])('finds for %j the word %j', (word, meant) => {
  expect(nearestWord(word, known)).toBe(meant);
});
