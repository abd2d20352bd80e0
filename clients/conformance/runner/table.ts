import { PARTS } from './case-file.ts';
import type { Verdict } from './run.ts';

/** How many cases of each part each client passes, as a table in Markdown. */
export function table(verdicts: readonly Verdict[]): string {
  const languages = [...new Set(verdicts.map(({ language }) => language))];
  const rows = PARTS.filter((part) => verdicts.some(({ of }) => of.part === part)).map((part) => [
    part,
    ...languages.map((language) => {
      const own = verdicts.filter((each) => each.of.part === part && each.language === language);
      const passed = own.filter(({ played }) => played.result === 'passed').length;
      return `${passed} of ${own.length}`;
    }),
  ]);
  const header = ['Cases', ...languages.map(({ title }) => title)];
  const widths = header.map((text, at) =>
    Math.max(text.length, ...rows.map((row) => (row[at] as string).length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] as number)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}
