import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, it } from 'vitest';
import { testCertificates } from '../support/test-certificates.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Runs a program of the checkout in a directory without certificates. */
function run(program: string, env: Readonly<Record<string, string>>) {
  const cwd = inject('temporaryDirectory');
  const result = spawnSync(process.execPath, [join(ROOT, program)], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...env },
  });
  return { cwd, ...result };
}

it('the server tells all that is wrong with its settings at once, also what is misspelt', () => {
  const { status, stderr } = run('server/dist/main.js', {
    DATABASE_URL: 'postgres://localhost/rostrum',
    ROSTRUM_WORKERS: '0',
    ROSTRUM_LOGLEVEL: 'debug',
  });
  expect(status).toBe(2);
  expect(stderr.trim().split('\n')).toEqual([
    'REDIS_URL must be set',
    'ROSTRUM_WORKERS is "0"; it must be a whole number from 1 to 64',
    'ROSTRUM_LOGLEVEL is not known; is it misspelt?',
  ]);
});

it('the health check says that nothing listens, and no label of a remark that there is not', () => {
  const { ca, cert, key } = testCertificates('reader');
  const { status, stderr } = run('scripts/health-check.mjs', {
    ...{ HEALTH_CHECK_ADDRESS: 'localhost:1', ROSTRUM_TLS_CA: ca },
    ...{ HEALTH_CHECK_CERT: cert, HEALTH_CHECK_KEY: key },
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^14 UNAVAILABLE: .*ECONNREFUSED .*:1\n$/);
});

it('the health check names the setting and the whole path of a file that is missing', () => {
  const { cwd, status, stderr } = run('scripts/health-check.mjs', {});
  expect(status).toBe(1);
  expect(stderr).toBe(`ROSTRUM_TLS_CA: cannot read ${join(cwd, 'certs/dev/ca.crt')} (ENOENT)\n`);
});
