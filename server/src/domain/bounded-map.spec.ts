import { expect, test } from 'vitest';
import { BoundedMap } from './bounded-map.js';

test('the key that was set longest ago is forgotten first; setting it again keeps it', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2).set('a', 3).set('c', 4);
  expect([...map]).toEqual([
    ['a', 3],
    ['c', 4],
  ]);
});
