import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isObject, type Json, type JsonObject } from './json.ts';

/** The rows of the table: what a case is about. */
export const PARTS = ['connect', 'submit', 'stream', 'watch', 'errors', 'values', 'close'] as const;
export type Part = (typeof PARTS)[number];

/** One thing that a case does or waits for; README.md tells what each key means. */
export type Step = JsonObject;

export interface Case {
  readonly name: string;
  readonly part: Part;
  readonly steps: readonly Step[];
  /** Played with all clients at the same time, after the others: a case that waits long and breaks nothing. */
  readonly together: boolean;
}

const STEP_KINDS = [
  ...['do', 'await', 'cancel', 'expect', 'never', 'repeat', 'link', 'server', 'redis', 'postgres'],
  ...['sql', 'certificate', 'recorded', 'storm'],
];

const CASES = new URL('../cases/', import.meta.url).pathname;

/** All cases, by file and in the order in which they stand. @throws Error that names what is wrong, and where */
export function readCases(): Case[] {
  const cases = readdirSync(CASES)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => readCaseFile(file));
  const names = cases.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two cases are called "${twice}"`);
  return cases;
}

function readCaseFile(file: string): Case[] {
  const part = PARTS.find((each) => each === file.replace(/\.yaml$/, ''));
  if (part === undefined) throw new Error(`cases/${file}: a file is called by a part: ${PARTS}`);
  return parseAllDocuments(readFileSync(join(CASES, file), 'utf8')).map((document) => {
    if (document.errors[0]) throw new Error(`cases/${file}: ${document.errors[0].message}`);
    const { name, steps, together = false } = document.toJS() as JsonObject;
    if (typeof name !== 'string' || !Array.isArray(steps)) {
      throw new Error(`cases/${file}: a case has a name and steps`);
    }
    for (const step of steps) checkStep(step, `cases/${file}, "${name}"`);
    return { name, part, steps, together: together === true };
  });
}

function checkStep(step: Json, where: string): void {
  if (!isObject(step))
    throw new Error(`${where}: a step is an object, not ${JSON.stringify(step)}`);
  const kinds = STEP_KINDS.filter((kind) => step[kind] !== undefined);
  if (isObject(step.repeat)) {
    const { count, steps } = step.repeat;
    if (typeof count !== 'number' || !Array.isArray(steps)) {
      throw new Error(`${where}: repeat needs a count and steps`);
    }
    for (const each of steps) checkStep(each as Json, where);
  }
  if (kinds.length === 1) return;
  throw new Error(`${where}: a step has one of ${STEP_KINDS.join(', ')}: ${JSON.stringify(step)}`);
}
