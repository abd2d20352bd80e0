import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canEnter, unprivilegedAccount } from './account.ts';
import { reaper } from './reaper.ts';

/**
 * Makes an empty directory that services under another account can reach too. It is removed by
 * `remove`, or when this process dies.
 */
export function temporaryDirectory(prefix: string): { path: string; remove: () => void } {
  const account = unprivilegedAccount('');
  for (const parent of [tmpdir(), '/tmp', '/var/tmp']) {
    const path = mkdtempSync(join(parent, prefix));
    chmodSync(path, 0o755); // what must stay private inside has its own rights
    if (account === undefined || canEnter(account, path)) {
      reaper.removeLater(path);
      return { path, remove: () => remove(path) };
    }
    rmSync(path, { recursive: true });
  }
  throw new Error(`the account ${account?.name} can enter no temporary directory`);
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  reaper.keep(path);
}
