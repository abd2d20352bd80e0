import { expect, test } from 'vitest';
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
