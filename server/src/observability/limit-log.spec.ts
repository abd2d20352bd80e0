import { expect, test } from 'vitest';
import { LimitLog } from './limit-log.js';

test('refusals are told once a minute for each identity and limit, with how many there were since', () => {
  const lines: object[] = [];
  let nowMs = 0;
  const log = new LimitLog({ warn: (fields) => lines.push(fields) }, () => nowMs);
  for (nowMs = 0; nowMs < 60_000; nowMs += 1_000) {
    log.note('reader/screens', 'watchedRows');
    log.note('reader/screens', 'watches');
    log.note('writer/game', 'watches');
  }
  log.note('reader/screens', 'watchedRows');
  expect(lines).toEqual([
    { identity: 'reader/screens', limit: 'watched_rows' },
    { identity: 'reader/screens', limit: 'watches' },
    { identity: 'writer/game', limit: 'watches' },
    { identity: 'reader/screens', limit: 'watched_rows', suppressed: 59 },
  ]);
});
