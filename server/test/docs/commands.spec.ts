import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { freePort, isFree } from '../../../scripts/services/free-port.ts';
import { CARGO_TARGET } from '../contract/machine-tools.js';
import { copyCheckout } from './checkout-copy.js';
import { type CommandStep, documentedSteps, type FileStep } from './documented-step.js';
import { type CommandEnd, type RunningCommand, ShellSession } from './shell-session.js';
import { difference, essentialLines, type Surroundings } from './shown-output.js';

// Types every command of the documents, word for word and in order, into a shell in a copy of this
// checkout, against the server that README.md's own `npm start` has started there, and compares the
// output with the one shown. DOCUMENTS=README.md runs one of them only.

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DOCUMENTS = process.env.DOCUMENTS?.split(',') ?? [
  'README.md',
  'docs/clients.md',
  'docs/long-outages.md',
  // Last: it empties Redis.
  'docs/operations.md',
];
/** The ports that the documents name; the first is the default of everything. */
const DOCUMENTED_PORTS = [50_051, 50_052];
const DEFAULT_ADDRESS = 'localhost:50051';
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
  const addresses = new Map<string, string>();
  for (const documented of DOCUMENTED_PORTS) {
    const free = await Promise.all(['127.0.0.1', '::1'].map((host) => isFree(host, documented)));
    const port = free.includes(false) ? await freePort() : documented;
    if (port !== documented)
      console.warn(`port ${documented} is taken: using ${port} in its place`);
    addresses.set(`localhost:${documented}`, `localhost:${port}`);
  }
  surroundings = { checkout, addresses };
  const address = addresses.get(DEFAULT_ADDRESS) ?? DEFAULT_ADDRESS;
  // Where `npm run grpcurl` and `npm run ghz` put what they build: the reader's own ones.
  const programs = join(checkout, '.rostrum/tools');
  const env = {
    ...(address === DEFAULT_ADDRESS ? {} : { ROSTRUM_ADDRESS: address }),
    CARGO_TARGET_DIR: CARGO_TARGET,
  };
  shell = new ShellSession(checkout, programs, env);
}, 60_000);

afterAll(() => {
  for (const running of toTheEnd) running.kill();
  beside?.running.kill();
});

describe.each(DOCUMENTS)('%s', (document) => {
  const steps = documentedSteps(readFileSync(join(ROOT, document), 'utf8'));

  for (const step of steps) {
    const title = step.kind === 'command' ? (step.command.split('\n')[0] ?? '') : step.path;
    test(`line ${step.line}: ${title}`, { timeout: 600_000 }, async (context) => {
      if (step.kind !== 'command') {
        expectInFile(step);
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
    const end = await stop(running);
    expect(end.output).toContain('Everything that was started has stopped; the data is kept.');
    expectInterrupted(end);
  }
});

/** Returns why a step was not run; undefined when it was. */
async function run(step: CommandStep): Promise<string | undefined> {
  const { terms } = step;
  let command = step.command;
  for (const [shown, real] of surroundings.addresses) command = command.replaceAll(shown, real);
  expect(shell.syntaxProblem(command)).toBeUndefined();
  if (terms.notRun) {
    if (terms.instead) expectSuccess(await shell.start(terms.instead, terms).ended);
    return terms.notRun;
  }
  if (terms.needs && !shell.succeeds(terms.needs.probe)) {
    const { probe, required } = terms.needs;
    const missing = `this machine has not what it needs: ${probe}`;
    if (required && process.env.CI) throw new Error(missing);
    return missing;
  }

  const running = shell.start(command, terms);
  if (terms.runsOn === 'to the end') {
    toTheEnd.push(running);
    await shows(running, step);
    return undefined;
  }
  if (terms.runsOn === 'beside the next') {
    beside = { running, step };
    await running.until((output) => essentialLines(output, surroundings).length > 1);
    return undefined;
  }
  if (terms.stopAfterMs === undefined) {
    const end = await running.ended;
    expectShown(step, end.output);
    expectSuccess(end);
  } else {
    const end = await stop(running, terms.stopAfterMs);
    expectShown(step, end.output);
    expectInterrupted(end);
  }
  await endBeside();
  return undefined;
}

/** Lines of a file may be indented more in it than in the document, all by as much. */
function expectInFile({ kind, path, code }: FileStep): void {
  const file = readFileSync(join(ROOT, path), 'utf8');
  if (kind === 'file') {
    expect(code).toBe(file);
    return;
  }
  const indents = new Set(file.match(/^[ \t]*/gm));
  const shown = [...indents].map((indent) => code.replaceAll(/^(?=.)/gm, indent));
  expect(
    shown.some((lines) => file.includes(lines)),
    `${path} has no such lines:\n${code}`,
  ).toBe(true);
}

function expectSuccess({ code, output }: CommandEnd): void {
  expect(code, output).toBe(0);
}

/** A shell whose command was interrupted ends like that command, or by the signal. */
function expectInterrupted({ code, output }: CommandEnd): void {
  expect([0, 130, null], output).toContain(code);
}

/** Ends what ran beside the last command, and looks at what it has shown. */
async function endBeside(): Promise<void> {
  if (beside === undefined) return;
  const { running, step } = beside;
  beside = undefined;
  const end = await stop(running, SETTLE_MS);
  expectShown(step, end.output);
  expectInterrupted(end);
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
