import { describe, expect, it } from 'vitest';
import { aggregationOption, orderOption } from './board-settings.js';
import { parseJsonObject } from './parse-json-object.js';
import { parseTime } from './parse-time.js';

describe('settings on the command line', () => {
  it.each([
    ['2026-11-20T15:00:00Z', '2026-11-20T15:00:00.000Z'],
    ['2026-11-20T15:00:00.123+02:00', '2026-11-20T13:00:00.123Z'],
    ['0', '1970-01-01T00:00:00.000Z'],
    ['1763650800.25', '2025-11-20T15:00:00.250Z'],
  ])('reads the time %s', (text, iso) => {
    expect(parseTime(text).toISOString()).toBe(iso);
  });

  it.each(['yesterday', '2026-13-01T00:00:00Z', '-5', ''])('refuses the time %j', (text) => {
    expect(() => parseTime(text)).toThrow('Give a time');
  });

  it('reads JSON objects and nothing else', () => {
    expect(parseJsonObject('{"a":[1,null]}')).toEqual({ a: [1, null] });
    for (const text of ['[]', 'null', '"a"', '1', '{']) {
      expect(() => parseJsonObject(text)).toThrow();
    }
  });

  it('reads aggregations and orders in any case', () => {
    const aggregation = aggregationOption('').parseArg;
    const order = orderOption('').parseArg;
    expect(aggregation?.('Latest', undefined)).toBe('LATEST');
    expect(order?.('ASC', undefined)).toBe('ASCENDING');
    expect(() => aggregation?.('mean', undefined)).toThrow('one of best, latest, sum');
    expect(() => order?.('up', undefined)).toThrow('desc or asc');
  });
});
