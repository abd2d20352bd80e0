import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Case } from './case-file.ts';

const FILE = new URL('../gaps.yaml', import.meta.url).pathname;

/**
 * The cases that a language cannot do, with the reason, by language and name of the case. One that passes fails, so
 * that the list stays true.
 *
 * @throws Error if one is of a case that there is not
 */
export function readGaps(cases: readonly Case[]): Map<string, Map<string, string>> {
  const listed = existsSync(FILE)
    ? ((parse(readFileSync(FILE, 'utf8')) ?? {}) as Record<string, Record<string, string>>)
    : {};
  const names = new Set(cases.map(({ name }) => name));
  for (const gap of Object.values(listed).flatMap((gaps) => Object.keys(gaps))) {
    if (!names.has(gap)) throw new Error(`gaps.yaml: no case is called "${gap}"`);
  }
  return new Map(
    Object.entries(listed).map(([language, gaps]) => [language, new Map(Object.entries(gaps))]),
  );
}
