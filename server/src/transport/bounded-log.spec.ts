import { expect, test, vi } from 'vitest';
import { RecordedLog } from '../../test/support/transport-server.ts';
import { BoundedLog } from './bounded-log.js';

test('a flood is written in part, and the rest is counted', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const recorded = new RecordedLog();
    const bounded = new BoundedLog(recorded.log);
    for (let line = 0; line < 500; line += 1) bounded.warn({ line }, 'flood');
    expect(recorded.lines).toHaveLength(20);
    vi.advanceTimersByTime(1_000);
    bounded.warn({ line: 500 }, 'flood');
    bounded.warn({ line: 501 }, 'flood');
    expect(recorded.lines.slice(20)).toMatchObject([{ line: 500, suppressed: 480 }, { line: 501 }]);
    expect(recorded.lines[21]).not.toHaveProperty('suppressed');
  } finally {
    vi.useRealTimers();
  }
});
