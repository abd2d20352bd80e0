import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What this reads of an entry of package-lock.json. */
interface LockedPackage {
  readonly link?: boolean;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * Finds the packages that a package of a checkout needs while it runs, and what those need, as
 * package-lock.json pins them. Packages of the checkout itself are passed over, what they need is
 * not.
 *
 * @param workspace directory of the package in the checkout, such as `clients/cli`
 * @returns directories in the checkout, such as `node_modules/long`
 * @throws Error when package-lock.json lacks one
 */
export function neededPackages(checkout: string, workspace: string): string[] {
  const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  const needed = new Set<string>();
  const visit = (path: string) => {
    for (const name of Object.keys(lock.packages[path]?.dependencies ?? {})) {
      const found = placesToLook(path, name).find((place) => place in lock.packages);
      if (found === undefined) throw new Error(`package-lock.json lacks ${name}, for ${path}`);
      const { link, resolved = '' } = lock.packages[found] ?? {};
      if (link) visit(resolved);
      else if (!needed.has(found)) {
        needed.add(found);
        visit(found);
      }
    }
  };
  visit(workspace);
  return [...needed].sort();
}

/** Where Node looks for a package, from the directory of the one that imports it upwards. */
function placesToLook(from: string, name: string): string[] {
  const parts = from.split('/');
  const above = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  return [...above, ''].map((directory) => join(directory, 'node_modules', name));
}
