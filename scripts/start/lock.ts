import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { processStart } from '../services/process-identity.ts';

/** Who runs Rostrum from this checkout, and where it serves. */
export interface LockHolder {
  readonly pid: number;
  /** Tells the process from a later one with the same id. */
  readonly processStart: string;
  readonly address: string;
  /** ISO 8601. */
  readonly since: string;
}

/** Takes the lock of the checkout. Returns the holder instead when another live process has it. */
export function takeLock(file: string, address: string): LockHolder | undefined {
  const me: LockHolder = {
    pid: process.pid,
    processStart: processStart(process.pid) ?? '',
    address,
    since: new Date().toISOString(),
  };
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, `${JSON.stringify(me, null, 2)}\n`);
  try {
    for (;;) {
      try {
        linkSync(mine, file); // appears whole or not at all, and never replaces another
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readHolder(file);
      if (holder && processStart(holder.pid) === holder.processStart) return holder;
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Gives the lock back; only if it is ours. */
export function releaseLock(file: string): void {
  if (readHolder(file)?.pid === process.pid) rmSync(file, { force: true });
}

function readHolder(file: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LockHolder;
  } catch {
    return undefined;
  }
}
