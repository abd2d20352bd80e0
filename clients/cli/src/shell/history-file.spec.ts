import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HistoryFile, historyPath } from './history-file.js';

let root: string;
let file: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'rostrum-history-'));
  file = path.join(root, 'state', 'rostrum', 'history');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('the history of the shell', () => {
  it('is there again in the next shell, for its owner only', () => {
    const first = new HistoryFile(file);
    for (const line of ['top arena', 'top arena', ' secret', '', 'boards']) first.add(line);
    expect(new HistoryFile(file).lines).toEqual(['top arena', 'boards']);
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  it('keeps the last thousand lines', () => {
    const history = new HistoryFile(file);
    for (let line = 1; line <= 1005; line++) history.add(`ping -n ${line}`);
    expect(readFileSync(file, 'utf8').split('\n')[0]).toBe('ping -n 6');
    expect(new HistoryFile(file).lines).toHaveLength(1000);
  });

  it('goes on without a place to write to', () => {
    const history = new HistoryFile('/dev/null/rostrum/history');
    history.add('boards');
    expect(history.lines).toEqual(['boards']);
  });

  it('lives under the state directory of the user', () => {
    expect(historyPath({ XDG_STATE_HOME: '/state' }, 'linux')).toBe('/state/rostrum/history');
    expect(historyPath({}, 'linux')).toMatch(/\/\.local\/state\/rostrum\/history$/);
  });
});
