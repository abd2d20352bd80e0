import { readFileSync } from 'node:fs';

/** Where the .sql files are: under src/, from the sources as from the build. */
const ROOT = new URL('../../../src/stores/postgres/', import.meta.url);

/** A statement that is prepared once per connection under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Reads `queries/<name>.sql`, a single statement whose header tells its inputs and result. */
export function statement(name: string): Statement {
  return { name, text: readFileSync(new URL(`queries/${name}.sql`, ROOT), 'utf8') };
}

/** The folder of the numbered migrations. */
export const MIGRATIONS = new URL('migrations/', ROOT);
