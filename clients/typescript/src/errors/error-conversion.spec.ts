import { status } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { reopenWaitMs } from '../transport/retry-decision.js';
import { errorFromCall } from './error-conversion.js';

it('a watch that the server cut off because nobody read it is one to open again', () => {
  // In the words of grpc-js for ENHANCE_YOUR_CALM.
  const details = 'Bandwidth exhausted or memory limit exceeded';
  const error = errorFromCall({ code: status.RESOURCE_EXHAUSTED, details });
  expect(error).toMatchObject({ code: 'ABORTED', reason: 'WATCHER_TOO_SLOW' });
  expect(reopenWaitMs(error)).toBe(0);
});
