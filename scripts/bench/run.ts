// npm run bench -- [options]: how fast the server is in fair weather, as ratios to a bare echo; against
// another commit; while its index is lost; or with very many watches. docs/benchmarks.md tells how to read it.
import { measureAgainst } from './against/measure-against.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { measureOutage } from './outage/measure-outage.ts';
import { measureRatios } from './ratios.ts';
import { Undoing } from './undoing.ts';
import { measureWatch } from './watch/measure-watch.ts';

const options = readOptionsOrExit();
const undoing = new Undoing();
try {
  if (options.watch) await measureWatch(options, undoing);
  else if (options.against !== undefined) await measureAgainst(options, options.against, undoing);
  else if (options.outage) await measureOutage(options, undoing);
  else await measureRatios(options, undoing);
} catch (error) {
  console.error(`the benchmark failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await undoing.undo();
}

function readOptionsOrExit(): BenchOptions {
  try {
    const read = readOptions(process.argv.slice(2));
    if (read !== 'help') return read;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}
