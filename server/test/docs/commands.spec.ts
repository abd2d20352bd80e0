import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { freePort, isFree } from '../../../scripts/services/free-port.ts';
import { copyCheckout } from './checkout-copy.js';
import { type CommandStep, documentedSteps } from './documented-step.js';
import { type RunningCommand, ShellSession } from './shell-session.js';
import { difference, essentialLines, type Surroundings } from './shown-output.js';

// Types every command of the documents, word for word and in order, into a shell in a copy of this
// checkout, against the server that README.md's own `npm start` has started there, and compares the
// output with the one shown. DOCUMENTS=README.md runs one of them only.

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DOCUMENTS = process.env.DOCUMENTS?.split(',') ?? ['README.md', 'docs/operations.md'];
const DOCUMENTED_PORT = 50_051;
/** Until a command that runs on shows what the document shows, in milliseconds. */
const SHOW_MS = 60_000;
/** How long a command may take to end after Ctrl-C, in milliseconds. */
const STOP_MS = 30_000;
/** Time that a live display gets to show the last changes, in milliseconds. */
const SETTLE_MS = 1_000;

let surroundings: Surroundings;
let shell: ShellSession;
/** What runs on beside the commands that follow, and what it must have shown at its end. */
let beside: { readonly running: RunningCommand; readonly step: CommandStep } | undefined;
const toTheEnd: RunningCommand[] = [];

beforeAll(async () => {
  const checkout = join(inject('temporaryDirectory'), 'checkout');
  mkdirSync(checkout);
  copyCheckout(ROOT, checkout);
  const free = await Promise.all(['127.0.0.1', '::1'].map((host) => isFree(host, DOCUMENTED_PORT)));
  const port = free.includes(false) ? await freePort() : DOCUMENTED_PORT;
  const address = `localhost:${port}`;
  surroundings = { checkout, address };
  shell = new ShellSession(checkout, port === DOCUMENTED_PORT ? {} : { ROSTRUM_ADDRESS: address });
}, 60_000);

afterAll(() => {
  for (const running of toTheEnd) running.kill();
  beside?.running.kill();
});

describe.each(DOCUMENTS)('%s', (document) => {
  const steps = documentedSteps(readFileSync(join(ROOT, document), 'utf8'));

  for (const step of steps) {
    const title = step.kind === 'file' ? step.path : (step.command.split('\n')[0] ?? '');
    test(`line ${step.line}: ${title}`, { timeout: 180_000 }, async (context) => {
      if (step.kind === 'file') {
        expect(step.code).toBe(readFileSync(join(ROOT, step.path), 'utf8'));
        return;
      }
      const skipped = await run(step);
      if (skipped !== undefined) context.skip(skipped);
    });
  }
});

test('Ctrl-C ends what npm start has started, in order', { timeout: 60_000 }, async () => {
  expect(toTheEnd.length).toBeGreaterThan(0);
  for (const running of toTheEnd.splice(0)) {
    const { output } = await stop(running);
    expect(output).toContain('Everything that was started has stopped; the data is kept.');
  }
});

/** Returns why a step was not run; undefined when it was. */
async function run(step: CommandStep): Promise<string | undefined> {
  const { terms } = step;
  let command = step.command.replaceAll('localhost:50051', surroundings.address);
  expect(shell.syntaxProblem(command)).toBeUndefined();
  if (terms.notRun) return terms.notRun;
  let skipped: string | undefined;
  if (terms.needs && !shell.succeeds(terms.needs.probe)) {
    const { probe, required } = terms.needs;
    skipped = `this machine has not what it needs: ${probe}`;
    if (required && process.env.CI) throw new Error(skipped);
    if (terms.otherwise === undefined || !shell.succeeds(`command -v ${terms.otherwise}`)) {
      return skipped;
    }
    command = terms.otherwise;
  }

  const running = shell.start(command, terms);
  if (terms.runsOn === 'to the end') {
    toTheEnd.push(running);
    await shows(running, step);
    return skipped;
  }
  if (terms.runsOn === 'beside the next') {
    beside = { running, step };
    await running.until((output) => essentialLines(output, surroundings).length > 1);
    return skipped;
  }
  const end = terms.stopAfterMs ? await stop(running, terms.stopAfterMs) : await running.ended;
  if (skipped === undefined) expectShown(step, end.output);
  expect(end.code, end.output).toBe(0);
  await endBeside();
  return skipped;
}

/** Ends what ran beside the last command, and looks at what it has shown. */
async function endBeside(): Promise<void> {
  if (beside === undefined) return;
  const { running, step } = beside;
  beside = undefined;
  const { code, output } = await stop(running, SETTLE_MS);
  expectShown(step, output);
  expect(code, output).toBe(0);
}

/** Waits until a command that runs on shows what the document shows. */
async function shows(running: RunningCommand, step: CommandStep): Promise<void> {
  const timer = setTimeout(() => running.kill(), SHOW_MS);
  await running.until((output) => differs(step, output) === undefined);
  clearTimeout(timer);
  expectShown(step, running.output);
}

async function stop(running: RunningCommand, afterMs = 0) {
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  running.interrupt();
  const timer = setTimeout(() => running.kill(), STOP_MS);
  const end = await running.ended;
  clearTimeout(timer);
  return end;
}

function differs(step: CommandStep, output: string): string | undefined {
  if (step.shown === undefined) return undefined;
  const shown = essentialLines(step.shown);
  return difference(step.terms.comparison, shown, essentialLines(output, surroundings));
}

function expectShown(step: CommandStep, output: string): void {
  const problem = differs(step, output);
  if (problem === undefined || step.shown === undefined) return;
  expect(essentialLines(output, surroundings), problem).toEqual(essentialLines(step.shown));
}
