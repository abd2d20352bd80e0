import { spawnSync } from 'node:child_process';
import { constants, copyFileSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Copies a checkout as a clone of it would be, with the work in progress and with its installed
 * packages: what runs in the copy has certificates and data of its own.
 *
 * @throws Error when `from` is no Git work tree
 */
export function copyCheckout(from: string, to: string): void {
  const listed = spawnSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { cwd: from, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 },
  );
  if (listed.status !== 0) throw new Error(`git ls-files failed: ${listed.stderr}`);
  for (const path of listed.stdout.split('\0')) {
    if (path === '' || !existsSync(join(from, path))) continue; // removed and not committed
    mkdirSync(dirname(join(to, path)), { recursive: true });
    copyFileSync(join(from, path), join(to, path));
  }
  for (const packages of ['node_modules', 'clients/cli/node_modules']) {
    // Half a gigabyte: as links where the file system allows it.
    const linked = spawnSync('cp', ['-al', join(from, packages), join(to, packages)]);
    if (linked.status === 0) continue;
    cpSync(join(from, packages), join(to, packages), {
      recursive: true,
      force: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
    });
  }
}
