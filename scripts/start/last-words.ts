import type { ProcessEnd } from '../services/service-process.ts';

/** More would push the reason out of sight. */
const MOST_LINES = 5;
const INDENT = '  ';
/** Lines of a crash of Node that only the log file need have: stacks, markers, the version. */
const NOISE = /^\s*(?:at .*|\^+|[{}]|Node\.js v.*)?$/;

/**
 * The latest lines of a log, for a person: level, message and cause, at most five, without stacks,
 * none wider than `columns` (undefined where no terminal shows them).
 */
export function lastWords(log: string, columns: number | undefined): readonly string[] {
  return log
    .split('\n')
    .filter((line) => !NOISE.test(line))
    .slice(-MOST_LINES)
    .map((line) => cut(`${INDENT}${readable(line)}`, columns));
}

/** A signal's name, or `code 1`. */
export function howItEnded({ code, signal }: ProcessEnd): string {
  return signal ?? `code ${code}`;
}

function readable(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const entry = JSON.parse(line) as {
      level?: unknown;
      msg?: unknown;
      err?: { message?: unknown };
    };
    const cause = entry.err?.message === undefined ? '' : `: ${entry.err.message}`;
    return `${entry.level ?? ''} ${entry.msg ?? ''}${cause}`.trim().replaceAll(/\s+/g, ' ');
  } catch {
    return line;
  }
}

function cut(line: string, columns: number | undefined): string {
  if (columns === undefined || line.length <= columns) return line;
  return `${line.slice(0, Math.max(columns - 1, 0))}…`;
}
