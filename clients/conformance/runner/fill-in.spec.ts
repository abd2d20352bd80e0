// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how cases write names
import { expect, it } from 'vitest';
import { fillIn } from './fill-in.ts';
import type { Json } from './json.ts';

const SCOPE = new Map<string, Json>([
  ['board', 'case-1'],
  ['port', 7],
]);

it('fills names in, alone and within a text', () => {
  expect(fillIn({ a: '${board}', b: ['${port}'], c: 'at ${port}/${board}' }, SCOPE)).toEqual({
    a: 'case-1',
    b: [7],
    c: 'at 7/case-1',
  });
});

it('makes long texts and lists', () => {
  expect(fillIn({ $repeat: ['x', 3] }, SCOPE)).toBe('xxx');
  expect(fillIn({ $list: { count: 2, item: { id: 'p${i}' } } }, SCOPE)).toEqual([
    { id: 'p0' },
    { id: 'p1' },
  ]);
});

it('reads files', () => {
  const scope = new Map([['here', import.meta.dirname]]);
  expect(fillIn({ $file: '${here}/fill-in.spec.ts' }, scope)).toContain('reads files');
});

it('refuses a name that is not known', () => {
  expect(() => fillIn('${nobody}', SCOPE)).toThrow('nobody');
});
