import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../foreground.ts';

/** A program to run in the folder of a client. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** Within the checkout. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What can be asked of each client: `npm run clients -- go test`. */
export const VERBS = ['gen', 'build', 'test', 'conformance', 'load', 'clean'] as const;
export type Verb = (typeof VERBS)[number];
/** What a client does for each verb by itself. Before the other verbs it is built. */
type OwnVerb = Exclude<Verb, 'conformance' | 'load'>;

export interface Language {
  /** As it is called on the command line, and the folder in `clients`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Why it cannot be built here; undefined if it can. */
  readonly lacks: () => string | undefined;
  /** What each verb runs, one after the other. */
  readonly verbs: Readonly<Record<OwnVerb, readonly Command[]>>;
  /** Obeys the runner of the conformance suite. */
  readonly agent: Command;
  /** Prints what one process of the client reaches; see load.ts. */
  readonly load: Command;
}

const has = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const node = (folder: string, ...args: string[]): Command => ({
  ...{ command: process.execPath, args, folder },
});
const go = (...args: string[]): Command => ({ command: 'go', args, folder: 'clients/go' });
const GO_PROGRAMS = join(ROOT, '.rostrum/clients/go');
const goProgram = (name: string): Command => ({
  ...{ command: join(GO_PROGRAMS, name), args: [], folder: 'clients/go' },
});

const VENV = join(ROOT, 'clients/python/.venv/bin/python');
const python = (...args: string[]): Command => ({
  ...{ command: VENV, args, folder: 'clients/python', env: { PYTHONPATH: 'src' } },
});
/** Its tools in a virtual environment; done at once when they are there. */
const VENV_TOOLS: readonly Command[] = [
  { command: 'python3', args: ['-m', 'venv', '.venv'], folder: 'clients/python' },
  python('-m', 'pip', 'install', '--quiet', '-r', 'requirements-dev.txt'),
];

const LANGUAGES: readonly Language[] = [
  {
    name: 'typescript',
    title: 'TypeScript',
    lacks: () => undefined,
    verbs: {
      gen: [{ command: 'npm', args: ['run', '--silent', 'generate'], folder: '.' }],
      build: [node('.', 'node_modules/typescript/bin/tsc', '-b')],
      test: [node('.', 'scripts/bootstrap.mjs', 'scripts/test.ts', 'clients/typescript')],
      clean: [{ command: 'rm', args: ['-rf', 'clients/typescript/dist'], folder: '.' }],
    },
    agent: node('clients/typescript', 'conformance/agent.ts'),
    load: node('clients/typescript', 'conformance/load.ts'),
  },
  {
    name: 'go',
    title: 'Go',
    lacks: () => (has('go', 'version') ? undefined : 'there is no go: https://go.dev/dl'),
    verbs: {
      gen: [{ command: 'npm', args: ['run', '--silent', 'generate'], folder: '.' }],
      build: [
        go('build', './...'),
        go('build', '-o', `${GO_PROGRAMS}/`, './internal/conformance', './internal/load'),
      ],
      test: [go('vet', './...'), go('test', '-race', './...')],
      clean: [{ command: 'rm', args: ['-rf', GO_PROGRAMS], folder: '.' }, go('clean', './...')],
    },
    agent: goProgram('conformance'),
    load: goProgram('load'),
  },
  {
    name: 'python',
    title: 'Python',
    lacks: () =>
      has('python3', '-c', 'import ensurepip, sys; assert sys.version_info >= (3, 10)')
        ? undefined
        : 'there is no python3 of 3.10 or later with venv',
    verbs: {
      gen: [...VENV_TOOLS, python('tools/generate.py')],
      build: VENV_TOOLS,
      test: [
        ...VENV_TOOLS,
        python('-m', 'ruff', 'check', '.'),
        python('-m', 'ruff', 'format', '--check', '.'),
        python('-m', 'mypy'),
        python('-X', 'dev', '-m', 'pytest', '-q'),
      ],
      clean: [{ command: 'rm', args: ['-rf', 'clients/python/.venv'], folder: '.' }],
    },
    agent: python('-X', 'dev', 'conformance/agent.py'),
    load: python('conformance/load.py'),
  },
];

/** Those that are in this checkout. */
export function present(): Language[] {
  return LANGUAGES.filter(({ name }) => existsSync(join(ROOT, 'clients', name)));
}
