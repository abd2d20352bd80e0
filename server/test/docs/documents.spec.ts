import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '../../src/config.js';
import { POOLS, WATCH_CONNECTIONS } from '../../src/pools.js';
import { CERTIFICATE_REASONS, PROTOCOL_REASONS } from '../../src/transport/refused-connection.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DOCUMENTS = globSync(
  [
    '*.md',
    'certs/*.md',
    'clients/*/*.md',
    'clients/*/examples/**/*.md',
    'docs/**/*.md',
    'server/src/**/*.md',
    'third_party/*/*.md',
  ],
  { cwd: ROOT },
).toSorted();

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** The cells of each row of the table below a heading, without the table's own header. */
function tableBelow(heading: string, markdown: string): string[][] {
  const [, section = ''] = markdown.split(`\n## ${heading}\n`);
  const [text = ''] = section.split('\n## ');
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test('the settings in README.md are those of the server', () => {
  expect(tableBelow('Settings', read('README.md'))).toEqual(
    Object.values(SETTINGS).map(({ name, default: value, meaning }) => [
      `\`${name}\``,
      value === '' ? 'none, must be set' : `\`${value}\``,
      meaning,
    ]),
  );
});

test('Operating Rostrum explains each line that the server logs, and no other', () => {
  const explained = tableBelow('Log lines', read('docs/operations.md')).map(([line = '']) =>
    line.replaceAll('`', ''),
  );
  expect(explained.toSorted()).toEqual(loggedMessages().toSorted());
});

test('Operating Rostrum tells how many connections to PostgreSQL a process may have', () => {
  const pools = Object.values(POOLS).reduce(
    (sum, { maxConnections }) => sum + maxConnections,
    WATCH_CONNECTIONS,
  );
  expect(read('docs/operations.md')).toContain(
    `each server process uses up to ${pools} + \`ROSTRUM_WRITE_LANES\``,
  );
  // And there are no others than these, those of the lanes and that of the watch.
  const compose = read('server/src/compose/stores.ts');
  const made = [...compose.matchAll(/\bdatabase\('(\w+)',/g)].map(([, name]) => name);
  expect(made.toSorted()).toEqual([...Object.keys(POOLS), 'writes'].toSorted());
  expect(compose.match(/\bnew SessionWatch\(/g)).toHaveLength(WATCH_CONNECTIONS);
});

test('the reasons for refusing a connection are those in certs/README.md', () => {
  const explained = tableBelow('When a connection is refused', read('certs/README.md')).map(
    ([reasons = '']) => reasons,
  );
  const reasons = Object.values({ ...CERTIFICATE_REASONS, ...PROTOCOL_REASONS });
  const missing = reasons.filter(
    (reason) => !explained.some((each) => each.includes(`\`${reason}`)),
  );
  expect(missing).toEqual([]);
});

describe.each([
  ['README.md', 'What it promises', 0],
  // What is seen on the client's side alone has no test.
  ['docs/operations.md', 'Something failed', 1],
])('the table of failures in %s', (document, heading, without) => {
  test('names tests that there are, one for each row at least', () => {
    const cells = tableBelow(heading, read(document)).map((row) => row.at(-1) ?? '');
    expect(cells.length).toBeGreaterThan(5);
    const named = cells.map((cell) => [...cell.matchAll(/\]\(([^)]+\.spec\.ts)\): “([^”]+)”/g)]);
    expect(named.filter((tests) => tests.length === 0)).toHaveLength(without);
    for (const [, link = '', title = ''] of named.flat()) {
      const file = join(dirname(document), link);
      const titles = titlesIn(read(file)).filter((each) => each.includes(title));
      expect(titles, `${file} has a test “${title}”`).not.toEqual([]);
    }
  });
});

/** The titles of tests and of groups of tests: texts that come first in their call. */
function titlesIn(source: string): string[] {
  return [...source.matchAll(/\(\s*(['"`])((?:(?!\1).)+)\1,/g)].map(([, , title = '']) => title);
}

test('the list of decisions has each page once, by its number and title', () => {
  const folder = 'docs/decisions';
  const pages = readdirSync(join(ROOT, folder)).filter((file) => /^\d/.test(file));
  const lines = pages.toSorted().map((file, index) => {
    const [, number, title] = /^# (\d+)\. (.+)/.exec(read(join(folder, file))) ?? [];
    expect([file.slice(0, 4), number]).toEqual([
      String(index + 1).padStart(4, '0'),
      String(index + 1),
    ]);
    return `${number}. [${title}](${file})`;
  });
  expect(read(join(folder, 'README.md')).match(/^\d+\. .+/gm)).toEqual(lines);
});

test('the files that Developing Rostrum names are there', () => {
  const page = read('docs/development.md');
  const named = [...page.matchAll(/`([\w./{},*-]+\.(?:ts|sql|proto|txt|go|py))`/g)].map(
    ([, name = '']) => name,
  );
  expect(named.length).toBeGreaterThan(50);
  const files = [
    'proto',
    'server/src',
    'server/test',
    'clients/typescript/src',
    'clients/cli/src',
    'clients/go',
    'clients/python/src',
  ].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(folder, file),
    ),
  );
  const isThere = (name: string) => {
    const alternatives = name.replaceAll('.', '[.]').replaceAll('*', '[^/]*');
    const pattern = alternatives.replace(
      /\{(.*)\}/,
      (_, all: string) => `(?:${all.replaceAll(',', '|')})`,
    );
    return files.some((file) => new RegExp(`(?:^|/)${pattern}$`).test(file));
  };
  expect(named.filter((name) => !isThere(name))).toEqual([]);
});

/** The messages in the sources of the server: the last string of each call of a log. */
function loggedMessages(): string[] {
  const sources = readdirSync(join(ROOT, 'server/src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => read(join('server/src', file)));
  const call =
    /\b(?:log|refusals|causes)\.(?:info|warn|error|fatal)\((?:[^;]*?,)\s*'([^']+)',?\s*\)/g;
  // The first and last line of an outage, see outage-log.ts.
  const words = /\b(?:begins|ends): '([^']+)'/g;
  const messages = sources.flatMap((source) =>
    [call, words].flatMap((pattern) => [...source.matchAll(pattern)].map(([, text]) => text)),
  );
  return [...new Set(messages)].filter((text) => text !== undefined);
}

describe.each(DOCUMENTS)('%s', (document) => {
  test('links lead somewhere', () => {
    const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)];
    const missing = links
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(ROOT, dirname(document), target)));
    expect(missing).toEqual([]);
  });

  test('no command gives TypeScript to the Node of the machine, which may be an old one', () => {
    expect(typeScriptCommands(read(document))).toEqual([]);
  });
});

test('nor does a message of a client, or the usage of a script', () => {
  const folders = ['clients/cli/src', 'clients/typescript/src', 'scripts', 'certs'];
  const sources = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file)),
  );
  expect(sources.filter((file) => typeScriptCommands(read(file)).length > 0)).toEqual([]);
});

/** `node file.ts`; `npx node` is the pinned Node. */
function typeScriptCommands(text: string): string[] {
  return text.match(/(?<!npx )\bnode [\w./-]+\.ts\b/g) ?? [];
}
