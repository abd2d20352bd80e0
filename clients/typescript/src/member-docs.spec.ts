import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

/** The names that index.ts exports, by the file that has them. */
function exported(): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  for (const [, names = '', file = ''] of read('index.ts').matchAll(
    /export (?:type )?\{([^}]*)\} from '\.\/([\w/-]+)\.js'/g,
  )) {
    const words = names.split(',').map((name) => name.replace('type ', '').trim());
    files.set(`${file}.ts`, new Set([...(files.get(`${file}.ts`) ?? []), ...words]));
  }
  return files;
}

/** What an IDE has nothing to say about: types and members without a comment before them. */
function undocumented(file: string, names: ReadonlySet<string>): string[] {
  const found: string[] = [];
  let owner: string | undefined;
  let before = '';
  for (const line of read(file).split('\n')) {
    const declared = /^(?:export )?(?:interface|class|type) (\w+)/.exec(line)?.[1];
    if (declared !== undefined) owner = names.has(declared) ? declared : undefined;
    const member = /^ {2}(?:static |async |readonly |get |\*)*(\w+)(?:\??:|\().*[;{(]$/.exec(
      line,
    )?.[1];
    const speaks = before.endsWith('*/') || /readonly type: '/.test(line);
    if (owner !== undefined && !speaks) {
      if (declared !== undefined && line.startsWith('export')) found.push(owner);
      if (member !== undefined && !/^(?:constructor|if|for|return|throw)$/.test(member)) {
        found.push(`${owner}.${member}`);
      }
    }
    if (/^\S.*;$|^\}/.test(line)) owner = undefined;
    before = line.trim();
  }
  return found;
}

it('each type that is exported, and each member of it, has a comment', () => {
  const files = exported();
  expect(files.size).toBeGreaterThan(20);
  const found = [...files].flatMap(([file, names]) =>
    undocumented(file, names).map((what) => `${file}: ${what}`),
  );
  expect(found).toEqual([]);
});
