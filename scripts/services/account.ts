import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** An account of the machine that a service runs under. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root. The account it runs under then: the owner of the data if there
 * is any, `postgres` where the machine has it, otherwise `nobody`, which every machine has; none is
 * made. Undefined when this process is not root: services run under its own account.
 */
export function unprivilegedAccount(dataDirectory: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = ownerOf(dataDirectory);
  for (const name of [...(owner ? [String(owner)] : []), 'postgres', 'nobody']) {
    const account = lookUp(name);
    if (account && account.uid !== 0) return account;
  }
  throw new Error('PostgreSQL does not run as root, and there is no account "nobody" to run it as');
}

/** Whether the account can run the command; it is really run, so every right on the way counts. */
export function canRun(
  account: Account,
  command: string,
  args: readonly string[],
  cwd = '/',
): boolean {
  const { uid, gid } = account;
  return spawnSync(command, args, { uid, gid, cwd, env: {}, stdio: 'ignore' }).status === 0;
}

/** Whether the account can enter the directory. */
export function canEnter(account: Account, directory: string): boolean {
  return canRun(account, '/bin/sh', ['-c', 'cd "$1"', 'sh', directory]);
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

function lookUp(name: string): Account | undefined {
  const [uid, gid] = ['-u', '-g'].map((option) => {
    const id = spawnSync('id', [option, name], { encoding: 'utf8' });
    return id.status === 0 ? Number(id.stdout.trim()) : undefined;
  });
  return uid === undefined || gid === undefined ? undefined : { name, uid, gid };
}
