import { readdirSync, readFileSync } from 'node:fs';
import type { EmbeddedPostgres } from '../../../scripts/services/postgres.ts';

/** PostgreSQL is a process for each connection: stopping the first stops only new connections. */
export function signalPostgres(postgres: EmbeddedPostgres, signal: NodeJS.Signals): void {
  const parent = postgres.pid as number;
  const children = childrenOf(parent);
  // Children first when it stops, so that the parent makes no new ones meanwhile; it goes first when
  // it may run again.
  for (const pid of signal === 'SIGSTOP' ? [...children, parent] : [parent, ...children]) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        // It ended meanwhile.
        return false;
      }
    });
}
