import { readFileSync } from 'node:fs';

/** Where the .sql files are: under src/, from the sources as from the build. */
const ROOT = new URL('../../../src/stores/postgres/', import.meta.url);

/** A statement that is prepared once per connection under its name. */
export interface Statement {
  /** Empty: it is parsed and planned each time. */
  readonly name: string;
  readonly text: string;
}

/** Reads `queries/<name>.sql`, a single statement whose header tells its inputs and result. */
export function statement(name: string): Statement {
  return { name, text: readFileSync(new URL(`queries/${name}.sql`, ROOT), 'utf8') };
}

/**
 * The same, but planned for the values of each call. For statements over the entries of one ranking:
 * the best plan depends on how large it is, and a plan for any ranking takes locks on all partitions,
 * so that whoever locks one would hold up the rankings of the others.
 */
export function statementForValues(name: string): Statement {
  return { ...statement(name), name: '' };
}

/** The folder of the numbered migrations. */
export const MIGRATIONS = new URL('migrations/', ROOT);
