import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './foreground.ts';

const END = '<!-- to here -->';

/**
 * Puts what a command measured into a document of docs, with the date, where a comment names the command.
 *
 * @throws Error if there is no such place
 */
export function writeTables(document: string, command: string, text: string): void {
  const file = join(ROOT, 'docs', document);
  const before = readFileSync(file, 'utf8');
  const begin = `<!-- npm run ${command} --update-docs writes from here -->`;
  const from = before.indexOf(begin);
  const to = before.indexOf(END, from);
  if (from < 0 || to < 0) throw new Error(`${file} has no place for the tables of ${command}`);
  const date = new Date().toISOString().slice(0, 10);
  const tables = `${begin}\n\n- ${date}\n${text.trim()}\n\n`;
  writeFileSync(file, before.slice(0, from) + tables + before.slice(to));
}
