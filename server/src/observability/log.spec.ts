import { expect, test, vi } from 'vitest';
import { RecordedLog } from '../../test/support/transport-server.ts';
import { storeUnavailable } from '../domain/errors.js';
import { StoreOutage } from '../domain/outage.js';
import { createLog } from './log.js';

function lineOf(fields: object): string {
  let written = '';
  createLog('info', { write: (line) => (written += line) }).info(fields, 'said');
  return written;
}

test('keys, certificates, passwords and names of players are blotted out', () => {
  const line = lineOf({
    key: 'SECRET',
    tls: { key: 'SECRET', cert: 'SECRET', ca: 'SECRET' },
    player: { displayName: 'SECRET', playerId: 'p1' },
    store: { connectionString: 'SECRET', password: 'SECRET' },
  });
  expect(line).not.toContain('SECRET');
  expect(JSON.parse(line)).toMatchObject({
    level: 'info',
    msg: 'said',
    player: { playerId: 'p1' },
  });
});

test('an error keeps its message, its stack and its cause', () => {
  const line = lineOf({ err: new Error('outer', { cause: new Error('inner') }) });
  const { err } = JSON.parse(line) as { err: { message: string; stack: string } };
  expect(err.message).toContain('outer');
  expect(err.stack).toContain('inner');
});

test('no message can be caused without limit, whatever its level', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const recorded = new RecordedLog();
    for (const level of ['info', 'warn', 'error'] as const) {
      for (let line = 0; line < 500; line += 1) recorded.log[level]({ line }, `flood of ${level}`);
    }
    expect(recorded.lines).toHaveLength(60);
    vi.advanceTimersByTime(1_000);
    recorded.log.error({ line: 500 }, 'flood of error');
    recorded.log.error({ line: 501 }, 'flood of error');
    expect(recorded.lines.slice(60)).toMatchObject([{ line: 500, suppressed: 480 }, { line: 501 }]);
    expect(recorded.lines[61]).not.toHaveProperty('suppressed');
  } finally {
    vi.useRealTimers();
  }
});

test('an outage of a store is told in one line without a stack, once a minute for each reason', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const { log, lines } = new RecordedLog();
    const away = storeUnavailable(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }));
    for (let line = 0; line < 5; line += 1) log.warn({ err: away }, 'cannot be swept');
    log.warn({ err: new StoreOutage('is full') }, 'cannot be swept');
    log.warn({ reason: away.reason, method: 'm', err: away }, 'call refused');
    const reason = 'nobody listens there (ECONNREFUSED)';
    expect(lines).toMatchObject([
      { reason },
      { reason: 'is full' },
      { reason: 'STORE_UNAVAILABLE', method: 'm', err: reason },
    ]);
    expect(JSON.stringify(lines)).not.toContain('stack');
    vi.advanceTimersByTime(60_000);
    log.warn({ err: away }, 'cannot be swept');
    expect(lines[3]).toMatchObject({ reason, suppressed: 4 });
  } finally {
    vi.useRealTimers();
  }
});
