import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

it('README.md and the page on long outages show each file of examples/ as it is, and name whole programs', () => {
  const shown = new Map<string, string>();
  const pattern =
    /<!-- (?:example: |file: clients\/typescript\/examples\/)([\w-]+)(?:\.ts)? -->\n```ts\n([\s\S]*?)```/g;
  const pages = ['README.md', '../../docs/long-outages.md'].map(read).join('\n');
  for (const [, name = '', code = ''] of pages.matchAll(pattern)) shown.set(`${name}.ts`, code);
  const files = readdirSync(new URL('../examples', import.meta.url));
  const programs = [...pages.matchAll(/^- `examples\/([\w-]+\.ts)` /gm)].map(
    ([, name = '']) => name,
  );
  expect([...shown.keys(), ...programs].sort()).toEqual(files.sort());
  for (const [file, code] of shown) expect(code).toBe(read(`examples/${file}`));
});
