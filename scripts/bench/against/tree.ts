import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../foreground.ts';

/** What a tree brings for itself; its schema may differ from that of another. */
export interface TreeParts {
  seed(databaseUrl: string, players: number): Promise<void>;
  countSubmissions(
    databaseUrl: string,
    run: string,
  ): Promise<{ readonly recorded: number; readonly applied: number }>;
  /** For the Node that runs its server. */
  readonly serverFlags: readonly string[];
}

/** A tree of Rostrum whose server is built. */
export interface Tree extends TreeParts {
  /** For tables. */
  readonly name: string;
  readonly directory: string;
}

/** The tree that this script belongs to. */
export async function presentTree(): Promise<Tree> {
  const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
  const name = `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
  return { name, directory: ROOT, ...(await partsOf(ROOT)) };
}

/**
 * Writes the files of a commit into a directory, gives them packages and builds the server.
 *
 * @param directory does not exist yet
 * @throws Error that says what could not be done
 */
export async function treeOf(
  ref: string,
  directory: string,
  report: (line: string) => void,
): Promise<Tree> {
  const commit = git('rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`);
  const name = git('rev-parse', '--short', commit);
  report(`building ${name}`);
  mkdirSync(directory);
  // An archive and not a worktree: nothing of it stays in the repository if this process is killed.
  const archive = `${directory}.tar`;
  git('archive', '--format=tar', '-o', archive, commit);
  run('tar', ['-xf', archive, '-C', directory], directory);
  if (hasSamePackages(directory)) linkPackages(directory);
  else {
    report(`installing the packages of ${name}, which are others`);
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], directory);
  }
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'server'], directory);
  return { name, directory, ...(await partsOf(directory)) };
}

/** Imports what a tree brings, from its own files. */
async function partsOf(directory: string): Promise<TreeParts> {
  const load = async (file: string): Promise<Record<string, unknown>> => {
    const path = join(directory, file);
    if (!existsSync(path)) throw new Error(`${path} is missing: that commit cannot be measured`);
    return await import(pathToFileURL(path).href);
  };
  const { seed, countSubmissions } = await load('scripts/bench/seed.ts');
  const { SERVER_FLAGS } = await load('scripts/services/server-flags.ts');
  return { seed, countSubmissions, serverFlags: SERVER_FLAGS } as TreeParts;
}

/** Whether all that a tree needs is installed here, in the versions that it names. */
function hasSamePackages(directory: string): boolean {
  const here = packagesOf(ROOT);
  return Object.entries(packagesOf(directory)).every(
    ([path, { version, link }]) =>
      !path.startsWith('node_modules/') || link === true || here[path]?.version === version,
  );
}

interface LockedPackage {
  readonly version?: string;
  /** Whether it is one of the repository, in the directory `resolved`. */
  readonly link?: boolean;
  readonly resolved?: string;
}

function packagesOf(directory: string): Record<string, LockedPackage> {
  return JSON.parse(readFileSync(join(directory, 'package-lock.json'), 'utf8')).packages;
}

/** Gives a tree the packages that are installed here; those of the repository are its own. */
function linkPackages(directory: string): void {
  const own = join(directory, 'node_modules');
  mkdirSync(own);
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== '@rostrum') symlinkSync(join(ROOT, 'node_modules', name), join(own, name));
  }
  mkdirSync(join(own, '@rostrum'));
  for (const [path, { link, resolved }] of Object.entries(packagesOf(directory))) {
    if (link !== true || resolved === undefined) continue;
    const from = join(directory, path);
    symlinkSync(relative(dirname(from), join(directory, resolved)), from);
  }
}

function git(...args: string[]): string {
  return run('git', args, ROOT).trim();
}

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  return stdout;
}
