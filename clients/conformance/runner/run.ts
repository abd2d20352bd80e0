/**
 * Plays the cases with the clients of some languages. `npm run clients -- go conformance` builds the client first;
 * README.md tells more.
 *
 * @returns how many cases passed and failed, and how each went
 */
import { join } from 'node:path';
import type { Language } from '../../../scripts/clients/languages.ts';
import { ROOT } from '../../../scripts/foreground.ts';
import { type Case, readCases } from './case-file.ts';
import type { Scope } from './fill-in.ts';
import { readGaps } from './gaps.ts';
import { type Played, play } from './play.ts';
import { startStage } from './stage.ts';

export interface ConformanceOptions {
  /** Only cases whose name has this in it. */
  readonly only?: string | undefined;
  readonly report: (line: string) => void;
}

/** How one case went with one client. */
export interface Verdict {
  readonly of: Case;
  readonly language: Language;
  readonly played: Played;
  /** Why it is known not to pass; undefined if it must pass. */
  readonly gap: string | undefined;
  /** As it must be. */
  readonly expected: boolean;
}

export async function runConformance(
  languages: readonly Language[],
  { only, report }: ConformanceOptions,
): Promise<Verdict[]> {
  const all = readCases();
  const gaps = readGaps(all);
  const cases = all.filter(({ name }) => only === undefined || name.includes(only));
  const stage = await startStage();
  const scope: Scope = new Map([['languages', languages.length]]);
  const verdicts: Verdict[] = [];
  const judge = async (language: Language, of: Case): Promise<void> => {
    const { command, args, folder, env } = language.agent;
    const begin = performance.now();
    const cwd = join(ROOT, folder);
    const played = await play(of, { command, args, cwd, ...(env && { env }) }, stage, scope);
    const gap = gaps.get(language.name)?.get(of.name);
    const expected = (played.result === 'passed') === (gap === undefined);
    verdicts.push({ of, language, played, gap, expected });
    const took = `${((performance.now() - begin) / 1000).toFixed(1)} s`;
    const mark = expected ? (gap === undefined ? 'ok' : 'gap') : 'FAILED';
    report(`${mark.padEnd(6)} ${language.title}: ${of.name} (${took})${why(played, gap)}`);
  };
  try {
    for (const language of languages) {
      for (const of of cases.filter(({ together }) => !together)) await judge(language, of);
    }
    for (const of of cases.filter(({ together }) => together)) {
      // What the server has counted so far is of other cases.
      await stage.a.server.kill();
      await stage.a.server.start();
      await Promise.all(languages.map((language) => judge(language, of)));
    }
  } finally {
    await stage.stop();
  }
  return verdicts;
}

function why(played: Played, gap: string | undefined): string {
  if (played.result === 'passed') {
    return gap === undefined ? '' : `\n       passes now: remove it from gaps.yaml`;
  }
  return `\n       ${(gap ?? played.why).replaceAll('\n', '\n       ')}`;
}
