import { expect, test } from 'vitest';
import { documentedSteps } from './documented-step.js';

const fence = (language: string, ...lines: string[]) =>
  [`\`\`\`${language}`, ...lines, '```'].join('\n');

test('a console block is a step for each prompt, with the output below it', () => {
  const markdown = ['Text.', '', fence('console', '$ a', 'x', '', 'y', '$ b \\', '  c', 'z')];
  expect(documentedSteps(markdown.join('\n'))).toMatchObject([
    { line: 4, command: 'a', shown: 'x\n\ny' },
    { line: 8, command: 'b \\\n  c', shown: 'z' },
  ]);
});

test('a block of commands is one step without output; other languages are none', () => {
  const markdown = [fence('sh', 'a', 'b'), fence('json', '{}'), fence('', 'c')].join('\n');
  expect(documentedSteps(markdown)).toMatchObject([{ line: 2, command: 'a\nb', shown: undefined }]);
});

test('a comment sets the terms of the block that follows it, and of no other', () => {
  const comment = '<!-- check: on a terminal; stop after 3 s; alike; needs `go version` -->';
  const [first, second] = documentedSteps([comment, fence('sh', 'a'), fence('sh', 'b')].join('\n'));
  expect(first).toMatchObject({
    terms: {
      onTerminal: true,
      stopAfterMs: 3000,
      comparison: 'alike',
      needs: { probe: 'go version', required: true },
    },
  });
  expect(second).toMatchObject({ terms: { onTerminal: false, comparison: 'exact' } });
});

test('the reason and the replacement of what is not run are told', () => {
  const comment = '<!-- check: not run: it needs a moon; instead `true` -->';
  const terms = { notRun: 'it needs a moon', instead: 'true' };
  expect(documentedSteps(`${comment}\n${fence('sh', 'a')}`)).toMatchObject([{ terms }]);
});

test('a block that shows a file, or a part of one, says which', () => {
  const markdown = `<!-- file: docs/a.ts -->\n${fence('ts', 'const a = 1;')}`;
  expect(documentedSteps(markdown)).toMatchObject([
    { kind: 'file', path: 'docs/a.ts', code: 'const a = 1;\n' },
  ]);
  const part = `<!-- part of: docs/a.ts -->\n${fence('ts', 'const a = 1;')}`;
  expect(documentedSteps(part)).toMatchObject([{ kind: 'part of', path: 'docs/a.ts' }]);
});

test('a comment that is misspelt, or that no command follows, is an error', () => {
  expect(() => documentedSteps(`<!-- check: alik -->\n${fence('sh', 'a')}`)).toThrow('line 1');
  expect(() => documentedSteps('<!-- check: alike -->\n\nText.')).toThrow('no block follows');
  expect(() => documentedSteps(`<!-- check: alike -->\n${fence('json', '{}')}`)).toThrow('line 1');
  expect(() => documentedSteps(fence('console', 'a'))).toThrow('begins with "$ "');
});
