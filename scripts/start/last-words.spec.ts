import { expect, test } from 'vitest';
import { howItEnded, lastWords } from './last-words.ts';

const entry = (msg: string, err?: { message: string; stack: string }) =>
  JSON.stringify({ level: 'warn', time: '2026-01-01T00:00:00.000Z', pid: 1, err, msg });

test('the log is told by its last five lines, with causes and without stacks', () => {
  const stack = 'Error: refused\n    at connect (net.ts:1:1)';
  const lines = [1, 2, 3, 4, 5].map((n) => entry(`line ${n}`));
  const log = [...lines, entry('store lost', { message: 'refused\nby it', stack })].join('\n');
  expect(lastWords(log, undefined)).toEqual([
    '  warn line 2',
    '  warn line 3',
    '  warn line 4',
    '  warn line 5',
    '  warn store lost: refused by it',
  ]);
});

test('of a crash of Node the message is told, not the stack', () => {
  const log = [
    'file:///server.js:3',
    'throw new Error("no");',
    '      ^',
    '',
    'Error: no',
    '    at main (file:///server.js:3:7)',
    '',
    'Node.js v26.0.0',
  ].join('\n');
  expect(lastWords(log, undefined)).toEqual([
    '  file:///server.js:3',
    '  throw new Error("no");',
    '  Error: no',
  ]);
});

test('no line is wider than the terminal', () => {
  expect(lastWords('x'.repeat(200), 40)).toEqual([`  ${'x'.repeat(37)}…`]);
  expect(lastWords('{"half": ', 40)).toEqual(['  {"half": ']);
});

test('nothing said is no line', () => expect(lastWords('', 80)).toEqual([]));

test('an end is named by its signal or its code', () => {
  expect(howItEnded({ code: null, signal: 'SIGKILL' })).toBe('SIGKILL');
  expect(howItEnded({ code: 1, signal: null })).toBe('code 1');
});
