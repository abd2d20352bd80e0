import { afterEach } from 'vitest';
import { runningServers } from './server-process.ts';

/** Shows what the servers said when a test fails while they run. */
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const server of runningServers) {
    const tail = server.logText().split('\n').slice(-60).join('\n');
    console.error(`log of the server at ${server.address}:\n${tail}`);
  }
});
