import type { Finding } from './check/findings.ts';
import type { Outcome, Progress } from './run.ts';
import { describeFault, type Schedule } from './schedule/schedule.ts';

const SHOWN_OF_A_KIND = 4;

export function describeSchedule({ seed, durationMs, monthEndsAt, faults }: Schedule): string[] {
  const month =
    monthEndsAt === undefined ? '' : `, a month ends after ${seconds(monthEndsAt).trim()}`;
  return [
    `seed ${seed}, ${durationMs / 1000} s${month}, ${faults.length} faults:`,
    ...faults.map((fault) => {
      const from = seconds(fault.at);
      return `  ${from} to ${seconds(fault.at + fault.lasts)}  ${describeFault(fault)}`;
    }),
  ];
}

/** One line for each thing that happens. */
export function describeProgress(progress: Progress): string {
  switch (progress.kind) {
    case 'note':
      return `         ${progress.text}`;
    case 'fault': {
      const { fault, to, trouble } = progress.inflicted;
      const end = trouble ?? (to === Number.POSITIVE_INFINITY ? 'begins' : 'is over');
      return `${seconds(progress.atMs)}  ${describeFault(fault)}: ${end}`;
    }
    case 'tick': {
      const { atMs, acknowledged, unranked, reads, failures, on } = progress;
      const counts = `${acknowledged} acknowledged (${unranked} without rank), ${reads} reads, ${failures} failures`;
      const faults = on.map(({ fault }) => `#${fault.id}`).join(' ');
      return `${seconds(atMs)}  ${counts}${faults === '' ? '' : `; on: ${faults}`}`;
    }
  }
}

/** What was found, so that a person understands. */
export function describeOutcome(outcome: Outcome): string[] {
  const { findings, acknowledged, unranked, reads, judged, byRevision, resets, stalledMs } =
    outcome;
  const share = judged === 0 ? 0 : Math.round((100 * byRevision) / judged);
  const lines = [
    `${acknowledged} submissions acknowledged (${unranked} without rank), ${reads} reads, ${judged} answers judged, ${share} % of them by their revision, ${resets} stretches of feeds, ${(stalledMs / 1000).toFixed(1)} s without processor time`,
  ];
  for (const trouble of outcome.troubles) lines.push(`not as drawn: ${trouble}`);
  for (const [kind, own] of Map.groupBy(findings, (finding) => finding.kind)) {
    lines.push('', `${kind}: ${own.length}`);
    for (const finding of own.slice(0, SHOWN_OF_A_KIND)) lines.push(...explain(finding, outcome));
    if (own.length > SHOWN_OF_A_KIND) lines.push(`  and ${own.length - SHOWN_OF_A_KIND} more`);
  }
  if (outcome.artifacts !== undefined) lines.push('', `histories and logs: ${outcome.artifacts}`);
  return lines;
}

function explain({ at, server, what }: Finding, { start, timeline }: Outcome): string[] {
  const who = server < 0 ? '' : `server ${server}: `;
  if (at === 0) return [`  ${who}${what}`];
  return [`  at ${seconds(at - start)}, ${who}${what}`, `      ${timeline.around(at)}`];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s`;
}
