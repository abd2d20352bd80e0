import { expect, it } from 'vitest';
import {
  BatchSubmitScoresResponse,
  type ScoreItem,
  StreamScoresResponse,
} from '../../server/dist/gen/rostrum/v1/score.js';
import { AnswerReader } from './answer-reader.ts';
import { grpcFrame } from './library-connection.ts';

const GOOD: ScoreItem = {
  item: {
    $case: 'result',
    value: {
      outcome: 1,
      standing: undefined,
      previousRank: 7,
      previousScore: 3,
      ranked: true,
      revision: 9n,
      unlockedAchievements: [],
      replayed: false,
      totalPlayers: 12,
    },
  },
};
const BAD: ScoreItem = {
  item: { $case: 'error', value: { code: 3, message: 'no '.repeat(90), details: [] } },
};

it('counts only results among the items of a batch', () => {
  const items = [GOOD, BAD, GOOD, BAD, BAD, GOOD];
  const frame = grpcFrame(BatchSubmitScoresResponse.encode({ items }).finish());
  const reader = new AnswerReader();
  for (let at = 0; at < frame.length; at += 50) reader.add(frame.subarray(at, at + 50));
  expect(reader.takeGoodItems()).toBe(3);
  expect(reader.takeGoodItems()).toBe(0);
});

it('takes streamed answers one by one, wherever the bytes are cut', () => {
  const items = [GOOD, BAD, BAD, GOOD, GOOD];
  const bytes = Buffer.concat(
    items.map((item) => grpcFrame(StreamScoresResponse.encode({ item }).finish())),
  );
  for (const size of [1, 7, 64, bytes.length]) {
    const reader = new AnswerReader();
    const taken: boolean[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      reader.add(bytes.subarray(at, at + size));
      for (let good = reader.takeStreamed(); good !== undefined; good = reader.takeStreamed()) {
        taken.push(good);
      }
    }
    expect(taken).toEqual([true, false, false, true, true]);
  }
});
