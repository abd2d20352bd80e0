import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { TestIndex } from '../../support/test-index.ts';
import { makeMutant } from './mutant.ts';
import { MUTATIONS } from './mutations.ts';

// The mutations are played by hand. This tells at once when a change of the server moved their places, or
// left their SQL without sense.

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const IN_SQL = MUTATIONS.filter(({ patches }) => patches.some(({ file }) => file.endsWith('.sql')));

test.each(MUTATIONS)('$name finds what it patches', ({ patches }) => {
  for (const { file, find } of patches) {
    const text = readFileSync(join(ROOT, 'server', file), 'utf8');
    expect(text.includes(find), `server/${file} has ${JSON.stringify(find)}`).toBe(true);
  }
});

test.each(IN_SQL)(
  'the functions of $name can be installed, and record a submission',
  async (mutation) => {
    const stage = await TestIndex.start();
    const mutant = makeMutant(ROOT, mutation);
    const its = (file: string) => import(join(mutant.root, 'server/dist/stores/postgres', file));
    try {
      const { migrate } = await its('migrate.js');
      // It has functions of its own, and the tables of this server.
      expect(await migrate(stage.databaseUrl)).toEqual([
        expect.stringMatching(/^rostrum_[0-9a-f]{12}$/),
      ]);
      // PostgreSQL resolves names only when it runs a function.
      const { PostgresSubmissionLog } = await its('submission-log.js');
      const ranking = await stage.createRanking();
      const log = new PostgresSubmissionLog(stage.database, 31);
      expect(await stage.commit(ranking, 'a', 10, log)).toMatchObject({ entry: { playerId: 'a' } });
    } finally {
      mutant.remove();
      await stage.stop();
    }
  },
);
