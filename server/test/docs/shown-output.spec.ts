import { describe, expect, test } from 'vitest';
import { difference, essentialLines } from './shown-output.js';

const compare = (
  comparison: Parameters<typeof difference>[0],
  shown: string,
  real: string,
): boolean => difference(comparison, essentialLines(shown), essentialLines(real)) === undefined;

describe('essential lines', () => {
  test('what npm runs and what go downloads is no output of the command', () => {
    const output =
      'go: downloading golang.org/x/net v0.58.0\n> rostrum@0.1.0 x\nrostrum.v1.ScoreService\n';
    expect(essentialLines(output)).toEqual(['rostrum.v1.ScoreService']);
  });

  test('are the same on every machine and in every run', () => {
    const addresses = new Map([['localhost:50051', 'localhost:4711']]);
    const real = essentialLines(
      'at localhost:4711 in 12.5 ms, port 4712, 2027-01-02T03:04:05.678Z\n  ROSTRUM_ADDRESS=localhost:4711 npx rostrum\ndata in /tmp/x/checkout/.rostrum',
      { checkout: '/tmp/x/checkout', addresses },
    );
    const shown = essentialLines(
      'at localhost:50051 in 1 s, port 50432, 2026-11-20 17:13:23 UTC\nnpx rostrum\ndata in /home/you/rostrum/.rostrum',
    );
    expect(real).toEqual(shown);
  });

  test('take any duration for any other', () => {
    expect(essentialLines('up 5.11 s, 300 µs')).toEqual(essentialLines('up 1 h 2 min 11 s, 1 s'));
  });

  test('keep ranks, scores and names', () => {
    expect(essentialLines('rank 1 of 9,000  Ada (ada)  -1.5')).toEqual([
      'rank 1 of 9,000 Ada (ada) -1.5',
    ]);
  });

  test('are what a terminal shows in the end, without colours', () => {
    expect(
      essentialLines('\r\x1b[K⠙ Redis\r\x1b[K\x1b[32m✓\x1b[39m Redis \x1b[2m(1 s)\x1b[22m\r\n'),
    ).toEqual(['✓ Redis (<duration>)']);
    expect(essentialLines('a\x1b[K\r\r\nb\x1b[K\x1b[?2026l\x1b[H\x1b[1mc\x1b[22m')).toEqual([
      'a',
      'b',
      'c',
    ]);
  });
});

describe('exact', () => {
  test('takes every line as shown, and ... for any number of lines', () => {
    expect(compare('exact', 'a\nb', 'a\nb')).toBe(true);
    expect(compare('exact', 'a\n...\nd', 'a\nb\nc\nd')).toBe(true);
    expect(compare('exact', 'a\n...\nb\n...', 'a\nb')).toBe(true);
  });

  test('refuses a line too many, one missing, and another number', () => {
    expect(compare('exact', 'a', 'a\nb')).toBe(false);
    expect(compare('exact', 'a\nb', 'a')).toBe(false);
    expect(compare('exact', 'a\n...\nb', 'b\na')).toBe(false);
    expect(compare('exact', 'a\n...\na', 'a')).toBe(false);
    expect(compare('exact', 'rank 1', 'rank 2')).toBe(false);
  });
});

test('contains takes other lines in between, and not another order', () => {
  expect(compare('contains', 'a\nc', 'x\na\nb\nc\ny')).toBe(true);
  expect(compare('contains', 'c\na', 'a\nb\nc')).toBe(false);
});

test('alike takes other numbers, players and directions, and no other words', () => {
  const shown = '17:13:23.738  ▲  Ada (player-01)  rank 2 → 1  score 2238 → 2688';
  expect(compare('alike', shown, 'x\n01:02:03.4  ▼  José (p)  rank 1 → 9  score 1 → 2')).toBe(true);
  expect(compare('alike', shown, '01:02:03.4  ▼  José (p)  place 1 → 9  score 1 → 2')).toBe(false);
});
