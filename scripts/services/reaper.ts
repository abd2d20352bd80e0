import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What the reaper is told, one JSON object a line. */
export type ReaperOrder =
  | { readonly kind: 'watch'; readonly pid: number; readonly signal: NodeJS.Signals }
  | { readonly kind: 'forget'; readonly pid: number }
  | { readonly kind: 'remove'; readonly directory: string }
  | { readonly kind: 'keep'; readonly directory: string };

/**
 * Cleans up after this process when it dies without doing so itself, even by SIGKILL: a small
 * process of its own that notices the end of a pipe, then stops what is still registered, newest
 * first, and removes the registered directories.
 */
class Reaper {
  #child: ChildProcess | undefined;

  /** Stops the process (its group, where the signal alone does not do it) if this one dies. */
  watch(pid: number, signal: NodeJS.Signals): void {
    this.#tell({ kind: 'watch', pid, signal });
  }

  forget(pid: number): void {
    this.#tell({ kind: 'forget', pid });
  }

  /** Removes the directory if this process dies before `keep` is called. */
  removeLater(directory: string): void {
    this.#tell({ kind: 'remove', directory });
  }

  keep(directory: string): void {
    this.#tell({ kind: 'keep', directory });
  }

  #tell(order: ReaperOrder): void {
    this.#child ??= startReaper();
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }
}

function startReaper(): ChildProcess {
  const script = fileURLToPath(new URL('./reaper-process.ts', import.meta.url));
  // Detached: a Ctrl-C in the terminal must not reach it.
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: {},
  });
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  child.unref();
  // A pipe to a child keeps the event loop alive until it is unreferenced too.
  (child.stdin as (NodeJS.WritableStream & { unref?: () => void }) | null)?.unref?.();
  return child;
}

export const reaper = new Reaper();
