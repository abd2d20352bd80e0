import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian's invoke-rc.d asks this file whether a package may start its service. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
/** Valkey is Redis under another name; either will do. */
const PROGRAMS = ['redis-server', 'valkey-server'];
/** Where packages put servers that an account's PATH may leave out. */
const USUAL_PLACES = ['/usr/local/bin', '/opt/homebrew/bin', '/usr/bin', '/usr/sbin'];

/** Thrown where Redis is missing and may not be installed; the message says what to type. */
export class RedisMissing extends Error {
  override readonly name = 'RedisMissing';

  constructor(why: string) {
    super(
      [
        `Redis is missing: ${why}. Any one of these helps, then run the command again:`,
        '  Debian, Ubuntu:  sudo apt-get install redis-server',
        '  macOS:           brew install redis',
        '  Docker:          docker run -d --name rostrum-redis -p 127.0.0.1:6379:6379 redis:7 redis-server --appendonly yes',
        '                   export REDIS_URL=redis://127.0.0.1:6379',
      ].join('\n'),
    );
  }
}

/** The path of the machine's redis-server (or valkey-server); undefined when there is none. */
function findRedis(): string | undefined {
  const places = [...(process.env.PATH ?? '').split(delimiter), ...USUAL_PLACES];
  for (const program of PROGRAMS) {
    for (const place of places) {
      const path = join(place, program);
      if (place !== '' && isExecutable(path)) return path;
    }
  }
  return undefined;
}

/**
 * Finds the machine's Redis, or installs Debian's package where this process may.
 * @throws RedisMissing
 */
export async function ensureRedis(report: (line: string) => void): Promise<string> {
  const found = findRedis();
  if (found) return found;
  if (!existsSync('/usr/bin/apt-get')) throw new RedisMissing('no redis-server on the PATH');
  if (process.getuid?.() !== 0) {
    throw new RedisMissing('no redis-server on the PATH, and only root may install it');
  }
  report('installing the package redis-server (apt-get)');
  await installPackage();
  const installed = findRedis();
  if (!installed) throw new RedisMissing('apt-get installed no redis-server');
  return installed;
}

/** Installs the package without leaving its service running: we start a server of our own. */
async function installPackage(): Promise<void> {
  const hasPolicy = existsSync(POLICY_FILE);
  if (!hasPolicy) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const install = ['install', '-y', '--no-install-recommends', 'redis-server'];
    const first = await aptGet(install);
    if (first.code !== 0) {
      await aptGet(['update']); // a fresh image has no package lists
      const second = await aptGet(install);
      if (second.code !== 0) {
        throw new RedisMissing(`apt-get could not install it:\n${second.output.slice(-1500)}\n`);
      }
    }
  } finally {
    if (!hasPolicy) rmSync(POLICY_FILE, { force: true });
  }
  if (existsSync('/run/systemd/system')) {
    // Otherwise it would start with the machine from now on.
    spawnSync('systemctl', ['disable', '--now', 'redis-server'], { stdio: 'ignore' });
  }
}

function aptGet(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('apt-get', args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', (error) => resolve({ code: null, output: String(error) }));
    child.once('close', (code) => resolve({ code, output }));
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
