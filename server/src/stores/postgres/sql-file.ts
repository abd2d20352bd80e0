import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** Where the .sql files are: under src/, from the sources as from the build. */
const ROOT = new URL('../../../src/stores/postgres/', import.meta.url);

export interface Statement {
  /** Under which each connection prepares it once; empty: it is parsed and planned each time. */
  readonly name: string;
  readonly text: string;
}

/** A file of `migrations/` or `functions/`. */
export interface SqlFile {
  /** Without the extension. */
  readonly name: string;
  readonly text: string;
}

/** In order of their names. */
export const MIGRATION_FILES = readFolder('migrations/');
const FUNCTION_FILES = readFolder('functions/');

/**
 * The schema of the functions of this server, named after their contents: servers of two versions can use
 * one database. SQL files write `functions.` in its place.
 */
export const FUNCTION_SET = `rostrum_${digestOf(FUNCTION_FILES).slice(0, 12)}`;

/** The files of the functions, each after those that it calls. */
export const FUNCTIONS_IN_ORDER = calledFirst(FUNCTION_FILES).map(named);

/** Reads `queries/<name>.sql`, a single statement. */
export function statement(name: string): Statement {
  return { name, text: named(read(`queries/${name}.sql`)) };
}

/**
 * The same, but planned for the values of each call. For statements over the entries of one ranking: the
 * best plan depends on its size, and a plan for any ranking would lock all partitions.
 */
export function statementForValues(name: string): Statement {
  return { ...statement(name), name: '' };
}

/** SHA-256 of the names and texts, in hexadecimal digits; line ends do not count. */
export function digestOf(files: readonly SqlFile[]): string {
  const hash = createHash('sha256');
  for (const { name, text } of files) hash.update(`${name}\n${text.replaceAll('\r\n', '\n')}\n`);
  return hash.digest('hex');
}

/** The text of SQL with the schema of the functions filled in. */
function named(text: string): string {
  return text.replace(/\bfunctions\.(?=\w)/g, `${FUNCTION_SET}.`);
}

/** A function is named after its file, and only it calls the others of the file. */
function calledFirst(files: readonly SqlFile[]): string[] {
  const waiting = new Map(files.map(({ name, text }) => [name, text]));
  const ordered: string[] = [];
  const add = (name: string): void => {
    const text = waiting.get(name);
    if (text === undefined) return;
    waiting.delete(name);
    for (const [, called] of text.matchAll(/\bfunctions\.(\w+)/g)) add(called as string);
    ordered.push(text);
  };
  for (const { name } of files) add(name);
  return ordered;
}

function readFolder(folder: string): SqlFile[] {
  return readdirSync(new URL(folder, ROOT))
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({ name: file.replace(/\.sql$/, ''), text: read(folder + file) }));
}

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}
