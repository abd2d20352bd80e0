import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../foreground.ts';

/** The directory for results; made when missing. */
export function resultsDirectory(): string {
  const directory = join(ROOT, '.rostrum', 'bench');
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** Prints the tables and keeps them, and all figures as JSON. Returns the name of the files. */
export function keepResults(text: string, figures: object, json: string | undefined): string {
  const name = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const directory = resultsDirectory();
  const file = json ?? join(directory, `${name}.json`);
  writeFileSync(file, `${JSON.stringify(figures, undefined, 2)}\n`);
  writeFileSync(join(directory, `${name}.md`), text);
  console.log(`\n${text}`);
  console.log(`figures in ${file}`);
  return name;
}
