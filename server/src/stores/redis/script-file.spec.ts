import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Status } from './layout.js';
import { readScript, SCRIPT_NAMES } from './script-file.js';

const SCRIPTS = new URL('scripts/', import.meta.url);
const files = readdirSync(SCRIPTS).filter((name) => name.endsWith('.lua'));

/** A script without its comments. */
function codeOf(text: string): string {
  return text.replace(/--.*$/gm, '');
}

describe('scripts', () => {
  it('are all loaded, or included by one that is', () => {
    const loaded = SCRIPT_NAMES.map((name) => `${name}.lua`);
    const included = ['building.lua', 'index.lua', 'reading.lua', 'record.lua', 'writing.lua'];
    expect([...loaded, ...included].toSorted()).toEqual(files.toSorted());
  });

  it.each(SCRIPT_NAMES)('%s has its includes, and numbers in place of names', (name) => {
    const code = readScript(name);
    expect(code).not.toMatch(/^-- include /m);
    expect(codeOf(code)).not.toMatch(/\b(Status|Had|Offset|Payload)\./);
  });

  it('have the numbers that TypeScript has', () => {
    expect(readScript('scan')).toContain(`return { ${Status.OTHER_EPOCH} }`);
  });

  it.each(files)('%s: offsets and codes stand in one place', (file) => {
    const code = codeOf(readFileSync(new URL(file, SCRIPTS), 'utf8'));
    expect(code).not.toMatch(/return (\{ )?\d/);
    if (!['reading.lua', 'record.lua', 'writing.lua'].includes(file)) {
      expect(code).not.toMatch(/\bOffset\.|struct\.unpack/);
    }
  });
});
