import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCredentials } from './find-credentials.js';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'rostrum-credentials-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function makeDevCertificates(...names: string[]): string {
  const directory = path.join(root, 'certs', 'dev');
  mkdirSync(directory, { recursive: true });
  for (const name of names) writeFileSync(path.join(directory, name), '');
  return directory;
}

const READER = ['reader.crt', 'reader.key'];
const ADMIN = ['admin.crt', 'admin.key'];

describe('findCredentials', () => {
  it('takes the least role from certs/dev of a parent directory', () => {
    const dev = makeDevCertificates('ca.crt', ...READER, ...ADMIN);
    const below = path.join(root, 'a', 'b');
    expect(findCredentials({}, 'reader', {}, below)).toEqual({
      ca: path.join(dev, 'ca.crt'),
      cert: path.join(dev, 'reader.crt'),
      key: path.join(dev, 'reader.key'),
    });
  });

  it('falls back to a role that may do more where the least one is not there', () => {
    const dev = makeDevCertificates('ca.crt', ...ADMIN);
    expect(findCredentials({}, 'writer', {}, root).cert).toBe(path.join(dev, 'admin.crt'));
  });

  it('takes the role asked for, even over the environment', () => {
    const dev = makeDevCertificates('ca.crt', ...READER, ...ADMIN);
    const env = { ROSTRUM_TLS_CERT: '/other.crt', ROSTRUM_TLS_KEY: '/other.key' };
    expect(findCredentials({ as: 'reader' }, 'admin', env, root).cert).toBe(
      path.join(dev, 'reader.crt'),
    );
  });

  it('prefers options to the environment and the environment to certs/dev', () => {
    makeDevCertificates('ca.crt', ...READER);
    const env = {
      ROSTRUM_TLS_CA: '/env/ca.crt',
      ROSTRUM_TLS_CERT: '/env/me.crt',
      ROSTRUM_TLS_KEY: '/env/me.key',
    };
    expect(findCredentials({ ca: 'mine.crt' }, 'reader', env, root)).toEqual({
      ca: path.join(root, 'mine.crt'),
      cert: '/env/me.crt',
      key: '/env/me.key',
    });
  });

  it('refuses a certificate without its key', () => {
    expect(() => findCredentials({ cert: 'me.crt' }, 'reader', {}, root)).toThrow(
      'A cert file is given but no key file.',
    );
  });

  it('looks beside the checkout of the package last', () => {
    const dev = makeDevCertificates('ca.crt', ...READER);
    expect(findCredentials({}, 'reader', {}, tmpdir(), root).cert).toBe(
      path.join(dev, 'reader.crt'),
    );
  });

  it('does not look below node_modules, where it is installed', () => {
    const installed = path.join(root, 'node_modules');
    mkdirSync(path.join(installed, 'certs/dev'), { recursive: true });
    for (const file of ['ca.crt', 'reader.crt', 'reader.key']) {
      writeFileSync(path.join(installed, 'certs/dev', file), '');
    }
    expect(() => findCredentials({}, 'reader', {}, tmpdir(), installed)).toThrow(
      /^No certificate to connect with(?!.*node_modules)/,
    );
  });

  it('names what it looked for, and what to do', () => {
    let thrown: unknown;
    try {
      findCredentials({ as: 'writer' }, 'reader', {}, root, root);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'CERTIFICATE_MISSING',
      exitCode: 1,
      message: expect.stringContaining('ca.crt, writer.crt and writer.key'),
      hints: [expect.stringContaining('--cert'), expect.stringContaining('npm start')],
    });
  });
});
