import type { RostrumClient } from '@rostrum/client';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { BoardRun } from '../model/board-run.js';
import { ALL_SETTINGS, sequences, TEST_SCALE } from '../model/sequences.js';
import { useTestService } from '../support/test-service.ts';

// One lane: submissions of different players are then recorded in the order of arrival, too.
const service = useTestService({ env: { ROSTRUM_WRITE_LANES: '1' } });
let client: RostrumClient;

beforeAll(() => {
  client = service.client('writer');
});

describe('one client and the model agree in every answer', () => {
  it.each(ALL_SETTINGS)(
    '$aggregation, $sortOrder, $subscoreSortOrder',
    async (settings) => {
      await fc.assert(
        fc.asyncProperty(sequences(40), async (steps) => {
          await new BoardRun(client, settings).play(steps);
        }),
        { numRuns: Math.ceil(4 * TEST_SCALE), interruptAfterTimeLimit: 30_000 * TEST_SCALE },
      );
    },
    60_000 * TEST_SCALE,
  );
});
