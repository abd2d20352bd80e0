import { describe, expect, it } from 'vitest';
import { metadataToJson } from './metadata.js';

function nested(depth: number): Record<string, unknown> {
  return depth === 1 ? {} : { in: nested(depth - 1) };
}

describe('metadata', () => {
  it('is kept as JSON', () => {
    expect(metadataToJson({ a: [1, null, 'é'] }, 100)).toEqual({ json: '{"a":[1,null,"é"]}' });
    expect(metadataToJson(nested(16), 1000)).toHaveProperty('json');
  });

  it('is counted in bytes of UTF-8', () => {
    expect(metadataToJson({ a: 'é'.repeat(46) }, 100)).toHaveProperty('json');
    expect(metadataToJson({ a: 'é'.repeat(47) }, 100)).toEqual({
      problem: 'must be at most 100 bytes as JSON and is 102',
    });
  });

  it.each([
    ['NaN', { a: [Number.NaN] }],
    ['infinity', { a: { b: Number.POSITIVE_INFINITY } }],
    ['U+0000 in a value', { a: 'x\0' }],
    ['U+0000 in a key', { 'x\0': 1 }],
    ['half a surrogate pair', { a: '\ud800' }],
    ['too much nesting', nested(17)],
  ])('must not contain %s', (_, value) => {
    expect(metadataToJson(value, 1000)).toHaveProperty('problem');
  });
});
