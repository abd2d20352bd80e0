import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { table, whole } from '../bench/table.ts';
import { ROOT } from '../foreground.ts';
import type { Language } from './languages.ts';
import { Service } from './service.ts';

/** What a client calls, in the order in which it tells its lines. */
const LOADS = {
  submit: 'submissions, 64 under way',
  stream: 'submissions over a stream',
  read: 'ranks of a player, 64 under way',
  watch: 'updates of 100 live views',
} as const;
type Load = keyof typeof LOADS;

/** A line of a client's load program. */
interface Line {
  readonly load: Load;
  readonly calls: number;
  readonly seconds: number;
  /** Of the whole process, user and system. */
  readonly cpuSeconds: number;
}

export interface LoadFigures {
  readonly language: Language;
  readonly lines: readonly Line[];
}

/**
 * What one process of a client reaches, each against a server and stores of its own on this machine. The program of a
 * client is started with the environment of a client, prints a Line as JSON for each load when that is over, and ends.
 *
 * @throws Error if it ends otherwise than well, or a load is missing
 */
export async function measureLoad(language: Language): Promise<LoadFigures> {
  const service = await Service.begin();
  try {
    const address = await service.start('main');
    const file = (name: string) => join(service.certificates, name);
    const { command, args, folder, env } = language.load;
    const child = spawn(command, args, {
      cwd: join(ROOT, folder),
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...{ ...process.env, ...env, ROSTRUM_ADDRESS: address, ROSTRUM_TLS_CA: file('ca.crt') },
        ...{ ROSTRUM_TLS_CERT: file('writer.crt'), ROSTRUM_TLS_KEY: file('writer.key') },
      },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const [code, signal] = await once(child, 'close');
    if (code !== 0) throw new Error(`${language.title}: the load ended with ${signal ?? code}`);
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    if (lines.map(({ load }) => load).join() !== Object.keys(LOADS).join()) {
      throw new Error(`${language.title}: not the loads that were asked for:\n${output}`);
    }
    return { language, lines };
  } finally {
    await service.end();
  }
}

/** The figures as a table in Markdown: calls a second, and microseconds of CPU for each. */
export function loadTable(figures: readonly LoadFigures[]): string {
  const rows = Object.entries(LOADS).map(([load, title]) => [
    title,
    ...figures.flatMap(({ lines }) => {
      const { calls, seconds, cpuSeconds } = lines.find((line) => line.load === load) as Line;
      return [whole(calls / seconds), ((cpuSeconds / calls) * 1e6).toFixed(1)];
    }),
  ]);
  const head = figures.flatMap(({ language: { title } }) => [`${title} a second`, 'CPU µs']);
  return table(['One process', ...head], rows);
}

/** What the figures are measured on, and how busy that is before. */
export function machine(): string {
  const [first, ...others] = cpus();
  const load = (loadavg()[0] as number).toFixed(1);
  return `${others.length + 1} × ${first?.model.trim()}, shared with the server and its stores; load ${load} before`;
}
