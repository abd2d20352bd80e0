import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { canEnter, unprivilegedAccount } from '../services/account.ts';
import { SHARED_DIRECTORY } from '../services/postgres-binaries.ts';

/** Where the development stores, logs and the lock of this checkout are kept. */
export interface State {
  readonly directory: string;
  readonly postgresDirectory: string;
  readonly redisDirectory: string;
  readonly lockFile: string;
  /** Connection strings of the running stores, for the developer; nobody else may read it. */
  readonly environmentFile: string;
  logFile(name: string): string;
}

/**
 * `.rostrum` in the checkout, or what ROSTRUM_STATE names: tests start beside a developer's.
 *
 * @throws Error when the directory belongs to somebody else.
 */
export function openState(root: string): State {
  const directory = resolve(root, process.env.ROSTRUM_STATE || '.rostrum');
  mkdirSync(directory, { recursive: true });
  const me = process.getuid?.();
  if (me !== undefined && me !== 0 && statSync(directory).uid !== me) {
    throw new Error(
      `${directory} belongs to another account (was it started with sudo?); remove it, which loses its data: sudo rm -rf ${directory}`,
    );
  }
  // Others may pass through: as root, PostgreSQL runs under another account. What is inside has
  // rights of its own.
  chmodSync(directory, 0o755);
  return {
    directory,
    postgresDirectory: postgresDirectory(directory),
    redisDirectory: join(directory, 'redis'),
    lockFile: join(directory, 'lock.json'),
    environmentFile: join(directory, 'env'),
    logFile: (name) => join(directory, `${name}.log`),
  };
}

/** Starts a new log file and keeps the three before it beside it, the latest as `.previous`. */
export function rotateLog(file: string): string {
  const kept = [file, `${file}.previous`, `${file}.previous-2`, `${file}.previous-3`];
  for (let at = kept.length - 1; at > 0; at -= 1) {
    const older = kept[at - 1] as string;
    if (existsSync(older)) renameSync(older, kept[at] as string);
  }
  return file;
}

/**
 * In the checkout; as root in a checkout that only root may enter (such as one under /root), in
 * /var/lib/rostrum under a name made from the path of the state.
 */
function postgresDirectory(directory: string): string {
  const here = join(directory, 'postgres');
  const account = unprivilegedAccount(here);
  if (!account || canEnter(account, directory)) return here;
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 12);
  const parent = join(SHARED_DIRECTORY, name);
  mkdirSync(parent, { recursive: true });
  for (const passage of [SHARED_DIRECTORY, parent]) chmodSync(passage, 0o755);
  return join(parent, 'postgres');
}
