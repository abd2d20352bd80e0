import { table } from '../../../scripts/bench/table.ts';
import { PARTS } from './case-file.ts';
import type { Verdict } from './run.ts';

/** What each client passes, case by case, and why it does not pass the others; in Markdown. */
export function conformanceTables(verdicts: readonly Verdict[]): string {
  const languages = [...new Set(verdicts.map(({ language }) => language))];
  const head = languages.map(({ title }) => title);
  const cellsOf = (own: readonly Verdict[]) =>
    languages.map((language) => markOf(own.find((each) => each.language === language)));
  const cases = [...new Set(verdicts.map(({ of }) => of))];
  const parts = PARTS.filter((part) => cases.some((each) => each.part === part));
  const bodies = parts.flatMap((part) => {
    const rows = cases
      .filter((each) => each.part === part)
      .map((each) => [each.name, ...cellsOf(verdicts.filter(({ of }) => of === each))]);
    return [[`**${part}**`, ...languages.map(() => '')], ...rows];
  });
  const passed = languages.map((language) => {
    const own = verdicts.filter((each) => each.language === language);
    return `${own.filter(({ played }) => played.result === 'passed').length} of ${own.length}`;
  });
  const gaps = verdicts
    .filter(({ gap }) => gap !== undefined)
    .map(({ language, of, gap }) => `- ${language.title}, “${of.name}”: ${gap}`);
  const all = table(['Case', ...head], [...bodies, ['**passed**', ...passed]]);
  return gaps.length === 0 ? all : `${all}\n\n${gaps.join('\n')}`;
}

function markOf(verdict: Verdict | undefined): string {
  if (verdict === undefined) return '';
  if (!verdict.expected) return 'FAILED';
  return verdict.gap === undefined ? 'yes' : 'no';
}
