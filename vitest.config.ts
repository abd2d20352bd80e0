import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** What every project shares. */
const shared = {
  pool: 'forks' as const,
  environment: 'node',
  setupFiles: [path('server/test/support/show-server-logs.ts')],
};

export default defineConfig({
  // The sources of the SDK, so that no test runs against an old build of it.
  resolve: { alias: { '@rostrum/client': path('clients/typescript/src/index.ts') } },
  test: {
    // Runs once for all projects: PostgreSQL, Redis, certificates.
    globalSetup: [path('server/test/support/global-setup.ts')],
    // Two at a time: more would only share the same few cores with the servers under test.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: 'unit',
          include: [
            'server/src',
            'server/test/exploration',
            'server/test/machine',
            'clients/*/src',
            'clients/conformance',
            'certs',
            'scripts',
          ].map((d) => `${d}/**/*.spec.ts`),
          testTimeout: 15_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'integration',
          include: ['server/test/integration/**/*.spec.ts', 'clients/*/test/**/*.spec.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'faults',
          include: ['server/test/faults/**/*.spec.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          // One file after the other, after everything else: faults are shown under load.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'docs',
          include: ['server/test/contract/**/*.spec.ts', 'server/test/docs/**/*.spec.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // What the documents say, typed in their order on a quiet machine.
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
