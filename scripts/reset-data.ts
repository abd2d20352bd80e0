// npm run reset-data: removes the development data, so that the next npm start begins with empty stores.
import { rmSync } from 'node:fs';
import { relative } from 'node:path';
import { ROOT } from './foreground.ts';
import { releaseLock, takeLock } from './start/lock.ts';
import { openState } from './start/state.ts';

const state = openState(ROOT);
const holder = takeLock(state.lockFile, 'npm run reset-data');
if (holder) {
  console.error(
    `Rostrum runs from this checkout, at ${holder.address}: stop it with Ctrl-C in its terminal, or with: kill ${holder.pid}`,
  );
  process.exitCode = 1;
} else {
  try {
    for (const directory of [state.postgresDirectory, state.redisDirectory]) {
      rmSync(directory, { recursive: true, force: true });
      console.log(`Removed ${relative(process.cwd(), directory)}.`);
    }
  } finally {
    releaseLock(state.lockFile);
  }
}
