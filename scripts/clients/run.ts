/**
 * The verbs of the clients.
 *
 * Usage: npm run clients -- LANGUAGE|all gen|build|test|conformance|clean [--only TEXT]
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runConformance } from '../../clients/conformance/runner/run.ts';
import { table } from '../../clients/conformance/runner/table.ts';
import { ROOT } from '../foreground.ts';
import { type Command, type Language, present, VERBS, type Verb } from './languages.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, help: { type: 'boolean' } },
});
const [which, verb] = positionals;
const all = present();
const chosen = which === 'all' ? all : all.filter(({ name }) => name === which);
if (values.help || chosen.length === 0 || !VERBS.includes(verb as Verb)) {
  const names = all.map(({ name }) => name).join('|');
  console.log(`npm run clients -- ${names}|all ${VERBS.join('|')} [--only TEXT]`);
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
  const commands = language.verbs[verb === 'conformance' ? 'build' : (verb as 'build')];
  for (const command of commands) {
    if (run(command)) continue;
    fail(`${language.title}: ${[command.command, ...command.args].join(' ')} failed`);
    break;
  }
}
if (verb === 'conformance' && failures === 0) {
  const { only } = values;
  const verdicts = await runConformance(able, { only, report: console.log });
  console.log(`\n${table(verdicts)}`);
  failures += verdicts.filter(({ expected }) => !expected).length;
  console.log(`\n${verdicts.length - failures} as expected, ${failures} not`);
}
process.exitCode = failures === 0 ? 0 : 1;

function fail(what: string): void {
  failures += 1;
  console.error(what);
}

function run({ command, args, folder, env }: Command): boolean {
  const options = { cwd: join(ROOT, folder), stdio: 'inherit', env: { ...process.env, ...env } };
  return spawnSync(command, args, options as never).status === 0;
}
