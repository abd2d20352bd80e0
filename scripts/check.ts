// npm run check: everything CI asks of the sources besides the tests, a line for each.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './foreground.ts';

/** What came of a check: nothing wrong, left out for a reason, or what is wrong. */
type Outcome = { readonly kind: 'ok' | 'skipped' | 'failed'; readonly text: string };

interface Check {
  readonly name: string;
  /** The command that mends it, or tells more. */
  readonly mend: string;
  readonly run: (temporary: string) => Outcome;
}

const BIN = join(ROOT, 'node_modules/.bin');
/** The folders that `buf generate` fills, as in buf.gen.yaml. */
const GENERATED = ['server/src/gen', 'clients/typescript/src/gen'];

/** The module of google/rpc. A commit without it has a contract that nobody was given. */
const GOOGLE_RPC = 'third_party/googleapis';

const CHECKS: readonly Check[] = [
  {
    name: 'format and lint (biome)',
    mend: 'npm run format',
    run: () => tool('biome', ['check', '.']),
  },
  {
    name: 'lint of the contract (buf lint)',
    mend: 'npx buf lint',
    run: () => tool('buf', ['lint']),
  },
  {
    name: 'format of the contract (buf format)',
    mend: 'npx buf format -w',
    run: () => tool('buf', ['format', '--diff', '--exit-code']),
  },
  { name: 'generated stubs', mend: 'npm run generate', run: checkStubs },
  { name: 'generated stubs of Go', mend: 'npm run generate', run: checkGoStubs },
  { name: 'generated stubs of Python', mend: 'npm run generate', run: checkPythonStubs },
  {
    name: 'breaking changes (buf breaking)',
    mend: 'undo the breaking change, or add a new field, method or file instead',
    run: checkBreaking,
  },
  {
    name: 'types of the sources (tsc -b)',
    mend: 'npx tsc -b',
    run: () => tool('tsc', ['-b']),
  },
  {
    name: 'types of the tests (tsc)',
    mend: 'npx tsc -p tsconfig.tests.json',
    run: () => tool('tsc', ['-p', 'tsconfig.tests.json']),
  },
  {
    name: 'layers and cycles (dependency-cruiser)',
    mend: 'npm run layers',
    run: () => {
      const sources = ['server/src', 'clients/typescript/src', 'clients/cli/src'];
      return tool('depcruise', ['--config', '.dependency-cruiser.cjs', ...sources]);
    },
  },
];

const temporary = mkdtempSync(join(tmpdir(), 'rostrum-check-'));
let failures = 0;
try {
  for (const check of CHECKS) {
    const started = performance.now();
    const { kind, text } = check.run(temporary);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (kind === 'ok') console.log(`ok       ${check.name} (${seconds} s)`);
    if (kind === 'skipped') console.log(`skipped  ${check.name}: ${text}`);
    if (kind !== 'failed') continue;
    failures += 1;
    const indented = text.trimEnd().replaceAll('\n', '\n    ');
    console.log(`FAILED   ${check.name} (${seconds} s)\n    ${indented}\n  mend it: ${check.mend}`);
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
console.log(
  failures === 0 ? 'All checks passed.' : `${failures} of ${CHECKS.length} checks failed.`,
);
process.exitCode = failures === 0 ? 0 : 1;

/** Runs a program of node_modules; it fails when its exit code is not 0. */
function tool(name: string, args: readonly string[]): Outcome {
  const { status, output } = run(join(BIN, name), args);
  return status === 0 ? { kind: 'ok', text: '' } : { kind: 'failed', text: output };
}

function run(command: string, args: readonly string[]) {
  const PATH = `${BIN}:${process.env.PATH ?? ''}`; // the pinned Node comes first
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...process.env, PATH, NO_COLOR: '1' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, stdout: stdout ?? '', output: error ? String(error) : `${stdout}${stderr}` };
}

/** Generates the stubs elsewhere and compares them with the committed ones. */
function checkStubs(directory: string): Outcome {
  const generated = tool('buf', ['generate', '--output', directory]);
  if (generated.kind === 'failed') return generated;
  const described = generateDescriptors(directory);
  if (described.status !== 0) return { kind: 'failed', text: described.output };
  return compareFolders(directory, GENERATED);
}

function compareFolders(directory: string, folders: readonly string[]): Outcome {
  const differences = folders.flatMap((folder) =>
    differingFiles(join(ROOT, folder), join(directory, folder)).map((file) => join(folder, file)),
  );
  if (differences.length === 0) return { kind: 'ok', text: '' };
  return { kind: 'failed', text: ['differ from the contract:', ...differences].join('\n') };
}

/** The same for clients/go, whose generators are Go programs. */
function checkGoStubs(directory: string): Outcome {
  if (process.env.CI === undefined && run('go', ['version']).status !== 0) {
    return { kind: 'skipped', text: 'there is no go' };
  }
  const template = 'clients/go/buf.gen.yaml';
  const generated = tool('buf', ['generate', '--template', template, '--output', directory]);
  if (generated.kind === 'failed') return generated;
  return compareFolders(directory, ['clients/go/v1']);
}

/** The same for clients/python, whose generators lie in a virtual environment. */
function checkPythonStubs(directory: string): Outcome {
  const python = join(ROOT, 'clients/python/.venv/bin/python');
  if (process.env.CI !== undefined) {
    const built = run(process.execPath, ['scripts/clients/run.ts', 'python', 'build']);
    if (built.status !== 0) return { kind: 'failed', text: built.output };
  } else if (!existsSync(python)) {
    return { kind: 'skipped', text: 'npm run clients -- python build makes what it needs' };
  }
  const into = join(directory, 'clients/python/src');
  const generated = run(python, ['clients/python/tools/generate.py', into]);
  if (generated.status !== 0) return { kind: 'failed', text: generated.output };
  return compareFolders(directory, ['clients/python/src/rostrum/v1']);
}

/** The same command as `npm run generate` uses, writing elsewhere. */
function generateDescriptors(directory: string) {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const command = scripts['generate:descriptors'] ?? 'true';
  return run('sh', ['-c', command.replaceAll('server/src/gen', join(directory, 'server/src/gen'))]);
}

function differingFiles(one: string, other: string): string[] {
  const files = (directory: string) =>
    existsSync(directory)
      ? readdirSync(directory, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('__pycache__'))
          .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
      : [];
  const names = new Set([...files(one), ...files(other)]);
  const contents = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
  return [...names].filter((name) => contents(join(one, name)) !== contents(join(other, name)));
}

/** Compares the contract with that of main; on main itself with that before the latest commit. */
function checkBreaking(directory: string): Outcome {
  const base = breakingBase();
  if (base === undefined)
    return { kind: 'skipped', text: 'there is no earlier contract to compare' };
  const archive = join(directory, 'base.tar');
  const contents = ['proto', GOOGLE_RPC, 'buf.yaml'];
  const archived = run('git', ['archive', `--output=${archive}`, base, ...contents]);
  if (archived.status !== 0) return { kind: 'failed', text: archived.output };
  const outcome = tool('buf', ['breaking', '--against', archive]);
  return outcome.kind === 'failed'
    ? { ...outcome, text: `against ${base}:\n${outcome.text}` }
    : outcome;
}

function breakingBase(): string | undefined {
  const commitOf = (name: string) => {
    const { status, stdout } = run('git', ['rev-parse', '--verify', '--quiet', `${name}^{commit}`]);
    return status === 0 ? stdout.trim() : undefined;
  };
  const head = commitOf('HEAD');
  const candidates = ['origin/main', 'main', 'HEAD~1'];
  const changedHere = run('git', ['status', '--porcelain', '--', 'proto']).stdout.trim() !== '';
  for (const name of candidates) {
    const commit = commitOf(name);
    if (commit === undefined || (commit === head && !changedHere)) continue;
    // What came before had no names for other languages, and nobody has it (docs/decisions, 13).
    if (run('git', ['cat-file', '-e', `${commit}:${GOOGLE_RPC}`]).status === 0) return commit;
  }
  return undefined;
}
