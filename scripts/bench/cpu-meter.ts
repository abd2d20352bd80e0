import { readdirSync, readFileSync } from 'node:fs';

/** CPU times in seconds. */
export interface CpuTimes<Name extends string> {
  /** Of each process watched, since its start. */
  readonly processes: Readonly<Record<Name, number>>;
  /** Of all that runs on the machine, since its start. */
  readonly machine: number;
}

/** Clock ticks a second in /proc: 100 on every Linux that Node runs on. */
const TICKS = 100;

/** Reads the CPU time of processes, each with its children, from /proc (Linux). */
export class CpuMeter<Name extends string> {
  readonly #roots: Readonly<Record<Name, readonly number[]>>;

  /** @param roots of each name the processes that count together */
  constructor(roots: Readonly<Record<Name, readonly number[]>>) {
    this.#roots = roots;
  }

  /** Undefined where there is no /proc. */
  read(): CpuTimes<Name> | undefined {
    if (process.platform !== 'linux') return undefined;
    const stats = readStats();
    const processes: Partial<Record<Name, number>> = {};
    for (const name of Object.keys(this.#roots) as Name[]) {
      const roots = this.#roots[name];
      let ticks = 0;
      for (const { pid, parent, own, reaped } of stats) {
        if (roots.includes(pid)) ticks += own + reaped;
        else if (roots.includes(parent)) ticks += own;
      }
      processes[name] = ticks / TICKS;
    }
    return { processes: processes as Record<Name, number>, machine: machineTicks() / TICKS };
  }
}

/** All but idling and waiting for disks; what a hypervisor gave to others counts. */
function machineTicks(): number {
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0] ?? '';
  const [user, nice, system, , , irq, softirq, steal] = line
    .trim()
    .split(/ +/)
    .slice(1)
    .map(Number);
  return [user, nice, system, irq, softirq, steal].reduce<number>(
    (sum, part) => sum + (part ?? 0),
    0,
  );
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
