/**
 * The verbs of the clients.
 *
 * Usage: npm run clients -- LANGUAGE|all gen|build|test|conformance|load|clean [--only TEXT] [--update-docs]
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runConformance } from '../../clients/conformance/runner/run.ts';
import { conformanceTables } from '../../clients/conformance/runner/table.ts';
import { ROOT } from '../foreground.ts';
import { writeTables } from '../write-tables.ts';
import { type Command, type Language, present, VERBS, type Verb } from './languages.ts';
import { type LoadFigures, loadTable, machine, measureLoad } from './load.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    'update-docs': { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const [which, verb] = positionals;
const all = present();
const chosen = which === 'all' ? all : all.filter(({ name }) => name === which);
if (values.help || chosen.length === 0 || !VERBS.includes(verb as Verb)) {
  const names = all.map(({ name }) => name).join('|');
  console.log(`npm run clients -- ${names}|all ${VERBS.join('|')} [--only TEXT] [--update-docs]`);
  process.exit(values.help ? 0 : 2);
}

const able: Language[] = [];
let failures = 0;
for (const language of chosen) {
  const reason = language.lacks();
  if (reason === undefined) able.push(language);
  else if (process.env.CI) fail(`${language.title}: ${reason}`);
  else console.log(`skipped ${language.title}: ${reason}`);
}
for (const language of able) {
  const commands = language.verbs[isBuilt(verb as Verb) ? 'build' : (verb as 'build')];
  for (const command of commands) {
    if (run(command)) continue;
    fail(`${language.title}: ${[command.command, ...command.args].join(' ')} failed`);
    break;
  }
}
const isWhole = which === 'all' && values.only === undefined;
if (values['update-docs'] && !isWhole) fail('the documents tell of all languages and all cases');
if (verb === 'conformance' && failures === 0) {
  const { only } = values;
  const verdicts = await runConformance(able, { only, report: console.log });
  const tables = conformanceTables(verdicts);
  console.log(`\n${tables}`);
  failures += verdicts.filter(({ expected }) => !expected).length;
  console.log(`\n${verdicts.length - failures} as expected, ${failures} not`);
  if (values['update-docs'] && failures === 0)
    writeTables('clients.md', 'clients -- all conformance', tables);
}
if (verb === 'load' && failures === 0) {
  const circumstances = machine();
  const figures: LoadFigures[] = [];
  for (const language of able) figures.push(await measureLoad(language));
  const tables = `- ${circumstances}\n\n${loadTable(figures)}`;
  console.log(tables);
  if (values['update-docs']) writeTables('clients.md', 'clients -- all load', tables);
}
process.exitCode = failures === 0 ? 0 : 1;

/** Whether the clients are built first, and then tried all together. */
function isBuilt(verb: Verb): boolean {
  return verb === 'conformance' || verb === 'load';
}

function fail(what: string): void {
  failures += 1;
  console.error(what);
}

function run({ command, args, folder, env }: Command): boolean {
  const options = { cwd: join(ROOT, folder), stdio: 'inherit', env: { ...process.env, ...env } };
  return spawnSync(command, args, options as never).status === 0;
}
