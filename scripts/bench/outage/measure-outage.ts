import { describeMachine } from '../bench.ts';
import type { BenchOptions } from '../options.ts';
import { keepResults } from '../results.ts';
import type { Undoing } from '../undoing.ts';
import { runPhases } from './phases.ts';
import { goalsOf, render } from './report.ts';
import { OutageStage } from './stage.ts';

/** What callers see while the index of a large board is lost, as a share of what is normal. */
export async function measureOutage(options: BenchOptions, undoing: Undoing): Promise<void> {
  if (options.client === 'go') {
    throw new Error('--only outage has its load from --client library');
  }
  const report = (line: string) => console.log(line);
  const stage = await OutageStage.start(options, undoing, report);
  const phases = await Promise.race([runPhases(stage, options.seconds, report), stage.failed]);
  const circumstances = [
    describeMachine(),
    ...stage.stores.description,
    `${options.players.toLocaleString('en')} players; ${options.callers} callers on ${options.connections} connections of the ${options.client} client in ${options.loadProcesses} processes: half submit to the large board, a quarter to 8 others of 1,000 players, a quarter reads ranks of those; besides, ${options.ranks} ranks of the large board a second, a twelfth as many of its top 20 and of 20 around a player, and 80 ranks of 8 boards with one player`,
    `${(await stage.recorded()).toLocaleString('en')} submissions recorded`,
  ];
  const goals = goalsOf(phases, options.ranks);
  const text = render(phases, goals, circumstances);
  keepResults(text, { options, circumstances, phases, goals }, options.json);
  if (options.strict && goals.some(({ reached }) => !reached)) process.exitCode = 1;
}
