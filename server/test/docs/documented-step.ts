/** How a step is run, from the comment `<!-- check: a; b -->` before its fence. */
export interface StepTerms {
  /** Why it is not run; it is parsed by bash all the same. */
  readonly notRun?: string;
  /** A command that tells whether this machine can run it. Where CI must, `required` says so. */
  readonly needs?: { readonly probe: string; readonly required: boolean };
  /** Run in its place when it is not run. */
  readonly instead?: string;
  /** It runs until the end of the document, or until the next step has ended. */
  readonly runsOn?: 'to the end' | 'beside the next';
  /** Ctrl-C after this long. */
  readonly stopAfterMs?: number;
  readonly onTerminal: boolean;
  /** How much of the shown output must be as shown: see `shown-output.ts`. */
  readonly comparison: 'exact' | 'alike' | 'contains';
}

/** One command of a document, or one block of them without output. */
export interface CommandStep {
  readonly kind: 'command';
  /** From 1. */
  readonly line: number;
  /** Word for word, perhaps of several lines. */
  readonly command: string;
  /** The output as shown; undefined where none is. */
  readonly shown: string | undefined;
  readonly terms: StepTerms;
}

/** A block of code that is the whole of a file in the repository, or lines of it. */
export interface FileStep {
  readonly kind: 'file' | 'part of';
  readonly line: number;
  readonly path: string;
  readonly code: string;
}

export type DocumentedStep = CommandStep | FileStep;

const PLAIN: StepTerms = { onTerminal: false, comparison: 'exact' };
const SHELL_LANGUAGES = new Set(['sh', 'bash', 'shell', 'console']);

/**
 * Finds what a Markdown document tells its reader to type: blocks `sh` (commands, each block one
 * step) and `console` (`$ ` before each command, its output below it).
 *
 * @throws Error for a comment that is not understood, or that no block follows
 */
export function documentedSteps(markdown: string): DocumentedStep[] {
  const lines = markdown.split('\n');
  const steps: DocumentedStep[] = [];
  let terms = PLAIN;
  let file: Pick<FileStep, 'kind' | 'path'> | undefined;
  let pending: number | undefined;
  for (let at = 0; at < lines.length; at++) {
    const text = lines[at] ?? '';
    const comment = /^\s*<!-- (check|file|part of): (.*) -->$/.exec(text);
    if (comment) {
      const [, kind, said = ''] = comment;
      if (kind === 'file' || kind === 'part of') file = { kind, path: said };
      else terms = parseTerms(said, at + 1);
      pending = at + 1;
      continue;
    }
    const fence = /^(\s*)```(\w*)\s*$/.exec(text);
    if (!fence) {
      if (pending !== undefined && text.trim() !== '') {
        throw new Error(`line ${pending}: no block follows the comment`);
      }
      continue;
    }
    const [, indent = '', language = ''] = fence;
    const start = at + 1;
    while (++at < lines.length && lines[at]?.trim() !== '```');
    const body = lines.slice(start, at).map((line) => line.slice(indent.length));
    if (file !== undefined) {
      const code = `${body.join('\n')}\n`;
      steps.push({ ...file, line: start + 1, code });
    } else if (language === 'console') {
      steps.push(...consoleSteps(body, start + 1, terms));
    } else if (SHELL_LANGUAGES.has(language)) {
      const command = body.join('\n');
      steps.push({ kind: 'command', line: start + 1, command, shown: undefined, terms });
    } else if (pending !== undefined) {
      throw new Error(`line ${pending}: no command follows the comment`);
    }
    terms = PLAIN;
    file = undefined;
    pending = undefined;
  }
  return steps;
}

function consoleSteps(body: readonly string[], firstLine: number, terms: StepTerms): CommandStep[] {
  const steps: { line: number; command: string[]; shown: string[] }[] = [];
  for (const [index, text] of body.entries()) {
    const step = steps.at(-1);
    if (text.startsWith('$ ')) {
      steps.push({ line: firstLine + index, command: [text.slice(2)], shown: [] });
    } else if (!step) {
      throw new Error(`line ${firstLine + index}: a console block begins with "$ "`);
    } else if (step.shown.length === 0 && step.command.at(-1)?.endsWith('\\')) {
      step.command.push(text);
    } else {
      step.shown.push(text);
    }
  }
  return steps.map(({ line, command, shown }) => ({
    kind: 'command',
    line,
    command: command.join('\n'),
    shown: shown.join('\n'),
    terms,
  }));
}

function parseTerms(text: string, line: number): StepTerms {
  let terms = PLAIN;
  for (const clause of text.split(';').map((part) => part.trim())) {
    const [, notRun] = /^not run: (.+)$/.exec(clause) ?? [];
    const [, verb, probe] = /^(needs|where) `(.+)`$/.exec(clause) ?? [];
    const [, instead] = /^instead `(.+)`$/.exec(clause) ?? [];
    const [, seconds] = /^stop after (\d+) s$/.exec(clause) ?? [];
    if (notRun) terms = { ...terms, notRun };
    else if (probe) terms = { ...terms, needs: { probe, required: verb === 'needs' } };
    else if (instead) terms = { ...terms, instead };
    else if (seconds) terms = { ...terms, stopAfterMs: Number(seconds) * 1000 };
    else if (clause === 'runs to the end') terms = { ...terms, runsOn: 'to the end' };
    else if (clause === 'runs beside the next') terms = { ...terms, runsOn: 'beside the next' };
    else if (clause === 'on a terminal') terms = { ...terms, onTerminal: true };
    else if (clause === 'alike') terms = { ...terms, comparison: 'alike' };
    else if (clause === 'contains') terms = { ...terms, comparison: 'contains' };
    else throw new Error(`line ${line}: "${clause}" is not understood`);
  }
  return terms;
}
