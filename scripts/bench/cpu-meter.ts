import { readdirSync, readFileSync } from 'node:fs';

/** CPU time in seconds since the start of each process watched; undefined where it cannot be read. */
export type CpuTimes<Name extends string> = Readonly<Record<Name, number | undefined>>;

/** Clock ticks a second in /proc: 100 on every Linux that Node runs on. */
const TICKS = 100;

/** Reads the CPU time of processes, each with its children, from /proc (Linux). */
export class CpuMeter<Name extends string> {
  readonly #roots: Readonly<Record<Name, number>>;

  constructor(roots: Readonly<Record<Name, number>>) {
    this.#roots = roots;
  }

  read(): CpuTimes<Name> {
    const stats = process.platform === 'linux' ? readStats() : [];
    const times: Partial<Record<Name, number | undefined>> = {};
    for (const name of Object.keys(this.#roots) as Name[]) {
      const root = this.#roots[name];
      const family = stats.filter(({ pid, parent }) => pid === root || parent === root);
      let ticks = 0;
      for (const { pid, own, reaped } of family) ticks += own + (pid === root ? reaped : 0);
      times[name] = family.length === 0 ? undefined : ticks / TICKS;
    }
    return times as CpuTimes<Name>;
  }
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended. */
  readonly reaped: number;
}

function readStats(): Stat[] {
  const stats: Stat[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'latin1');
      // Behind the name of the program, which may hold anything, from field 3 on.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      const field = (number: number) => Number(fields[number - 3]);
      const [own, reaped] = [field(14) + field(15), field(16) + field(17)];
      stats.push({ pid: Number(name), parent: field(4), own, reaped });
    } catch {
      // It has ended meanwhile.
    }
  }
  return stats;
}
