import { milliseconds, table, whole } from '../table.ts';
import { GROUPS, type GroupName } from './groups.ts';
import type { Phase } from './phases.ts';
import type { Stretch } from './recorder.ts';

/** One goal, and whether it was reached. */
export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  readonly reached: boolean;
}

const STATUS_NAMES: Readonly<Record<string, string>> = {
  '-4': 'not sent',
  4: 'DEADLINE_EXCEEDED',
  8: 'RESOURCE_EXHAUSTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
};
const RESOURCE_EXHAUSTED = '8';

/** The goals of two phases of an outage under load, and when the index is back. */
export function goalsOf(phases: readonly Phase[], ranks: number): Goal[] {
  const normal = phases.find(({ name }) => name === 'normal');
  if (normal === undefined) return [];
  const goals: Goal[] = [];
  const add = (what: string, wanted: string, found: string, reached: boolean) =>
    goals.push({ what, wanted, found, reached });
  const atLeast = (
    phase: Phase,
    title: string,
    of: (groups: Phase['groups']) => number,
    least: number,
  ) => {
    const share = of(phase.groups) / of(normal.groups);
    add(`${phase.name}: ${title}`, `${least} of normal`, share.toFixed(2), share >= least);
  };
  const atMost = (what: string, value: number, most: number, unit: 's' | 'ms') =>
    add(what, `${most} ${unit}`, `${value.toFixed(1)} ${unit}`, value <= most);

  for (const phase of phases.filter(({ loaded, name }) => loaded && name !== 'normal')) {
    const lost = phase.name.includes('emptied') || phase.name.includes('stopped');
    if (lost) {
      atLeast(phase, 'submissions to it', ({ submit }) => submit.rate, 0.4);
      const { slowestSecond, p99 } = phase.groups.submit;
      const slowest = slowestSecond / normal.groups.submit.rate;
      add(`${phase.name}: its slowest second`, '0.4 of normal', slowest.toFixed(2), slowest >= 0.4);
      atMost(`${phase.name}: submissions to it, p99`, p99, 150, 'ms');
      const others = ['submit-others', 'read-others'] as const;
      for (const group of others) {
        atLeast(phase, titleOf(group), (groups) => groups[group].rate, 0.5);
      }
      const { rank } = phase.groups;
      const answered = `${phase.steadyRanks.toFixed(1)}/s`;
      add(`${phase.name}: ranks of it`, `${ranks}/s`, answered, phase.steadyRanks >= 0.95 * ranks);
      atMost(`${phase.name}: ranks of it, p99`, rank.p99, 2_000, 'ms');
    }
    const unexpected = Object.values(phase.groups).flatMap(({ failures }) =>
      Object.entries(failures).filter(([status]) => status !== RESOURCE_EXHAUSTED),
    );
    add(
      `${phase.name}: errors but RESOURCE_EXHAUSTED`,
      'none',
      failuresOf(unexpected) || 'none',
      unexpected.length === 0,
    );
    if (phase.name.includes('emptied')) {
      atMost(`${phase.name}: boards of one ranked after`, phase.tinyRankedAfter, 1, 's');
      atMost(`${phase.name}: ranked after`, phase.rankedAfter, 25, 's');
    }
    if (phase.name.includes('back')) {
      atMost(`${phase.name}: ranked after`, phase.rankedAfter, 2, 's');
    }
    if (phase.name.includes('breaks')) {
      atMost(`${phase.name}: ranked after`, phase.rankedAfter, 1.5, 's');
    }
  }
  const idle = phases.find(({ loaded }) => !loaded);
  if (idle !== undefined) atMost(`${idle.name}: ranked after`, idle.rankedAfter, 6, 's');
  return goals;
}

/** The tables as Markdown. */
export function render(
  phases: readonly Phase[],
  goals: readonly Goal[],
  circumstances: readonly string[],
): string {
  const normal = phases.find(({ name }) => name === 'normal');
  const head = [
    '',
    'a second',
    'to normal',
    'slowest s',
    'p50',
    'p99',
    'longest',
    'without index',
    'errors',
  ];
  return [
    ...circumstances.map((line) => `- ${line}`),
    '',
    table(
      ['Phase', 'seconds', 'ranked after', 'boards of one', 'server memory'],
      phases.map(({ name, seconds, rankedAfter, tinyRankedAfter, memory }) => [
        name,
        seconds.toFixed(1),
        `${rankedAfter.toFixed(1)} s`,
        `${tinyRankedAfter.toFixed(1)} s`,
        memory === undefined ? '–' : `${whole(memory / 2 ** 20)} MB`,
      ]),
    ),
    ...phases.flatMap((phase) => [
      '',
      table(
        [phase.name, ...head.slice(1)],
        GROUPS.filter(({ name }) => phase.loaded || name === 'submit' || name === 'tiny').map(
          ({ name, title }) => [title, ...cellsOf(phase.groups[name], normal?.groups[name])],
        ),
      ),
    ]),
    '',
    table(
      ['To reach', 'wanted', 'found', ''],
      goals.map(({ what, wanted, found, reached }) => [
        what,
        wanted,
        found,
        reached ? 'PASS' : 'FAIL',
      ]),
    ),
    '',
  ].join('\n');
}

function cellsOf(stretch: Stretch, normal: Stretch | undefined): string[] {
  const { rate, slowestSecond, p50, p99, max, unranked, failures } = stretch;
  const share = normal === undefined ? Number.NaN : rate / normal.rate;
  return [
    rate < 100 ? rate.toFixed(1) : whole(rate),
    Number.isFinite(share) ? share.toFixed(2) : '',
    whole(slowestSecond),
    ...[p50, p99, max].map((value) => (Number.isNaN(value) ? '–' : milliseconds(value))),
    `${Math.round(100 * unranked)} %`,
    failuresOf(Object.entries(failures)),
  ];
}

function failuresOf(failures: readonly (readonly [string, number])[]): string {
  return failures
    .map(([status, count]) => `${count} ${STATUS_NAMES[status] ?? `status ${status}`}`)
    .join(', ');
}

function titleOf(group: GroupName): string {
  return GROUPS.find(({ name }) => name === group)?.title ?? group;
}
