import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../services/temporary-directory.ts';
import { rotateLog } from './state.ts';

test('the logs of the last three starts are kept', () => {
  const directory = temporaryDirectory('rostrum-logs-');
  try {
    const file = join(directory.path, 'server.log');
    for (let start = 1; start <= 6; start += 1) writeFileSync(rotateLog(file), `start ${start}`);
    const kept = ['', '.previous', '.previous-2', '.previous-3'];
    expect(kept.map((name) => readFileSync(`${file}${name}`, 'utf8'))).toEqual([
      'start 6',
      'start 5',
      'start 4',
      'start 3',
    ]);
  } finally {
    directory.remove();
  }
});
