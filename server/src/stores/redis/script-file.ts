import { readFileSync } from 'node:fs';
import { Had, Offset, Payload, Status } from './layout.js';

/** Where the scripts are: under src/, from the sources as from the build. */
const SCRIPTS = new URL('../../../src/stores/redis/scripts/', import.meta.url);

export const SCRIPT_NAMES = [
  'apply',
  'read',
  'changes',
  'state',
  'adopt',
  'begin_build',
  'build',
  'swap',
  'inspect',
  'scan',
  'orphans',
  'beat',
] as const;
export type ScriptName = (typeof SCRIPT_NAMES)[number];

const CONSTANTS: Record<string, Record<string, number>> = { Status, Had, Offset, Payload };

/**
 * Reads `scripts/<name>.lua`, puts the scripts that it includes in their places, and the numbers of
 * layout.ts in place of their names. @throws Error if there is no such script or name
 */
export function readScript(name: string): string {
  return readFileSync(new URL(`${name}.lua`, SCRIPTS), 'utf8')
    .replace(/^-- include (\w+)\.lua$/gm, (_, included: string) => readScript(included))
    .replace(/\b(Status|Had|Offset|Payload)\.(\w+)/g, (constant, group: string, key: string) => {
      const number = CONSTANTS[group]?.[key];
      if (number === undefined) throw new Error(`${name}.lua: layout.ts has no ${constant}`);
      return String(number);
    });
}
