import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../scripts/services/temporary-directory.ts';
import { needs } from '../contract/machine-tools.js';
import { testCertificates } from '../support/test-certificates.js';
import { useTestService } from '../support/test-service.js';

// What `npm run pack` makes, installed where there is no checkout.

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** A registry at which nobody answers. */
const NO_REGISTRY = 'http://127.0.0.1:9';
const PROGRAM = `
import { RostrumClient, type ScoreResult } from '@rostrum/client';

await using client = RostrumClient.connect();
const result: ScoreResult = await client.scores.submit({
  leaderboardId: 'packed',
  playerId: 'sdk',
  score: 2,
});
console.log(result.outcome, result.standing.rank);
`;

let directory: ReturnType<typeof temporaryDirectory>;
const service = useTestService();
/** Paths of the packed files. */
let files: { readonly sdk: string; readonly command: string; readonly go: string };

beforeAll(() => {
  directory = temporaryDirectory('rostrum-packed-');
  const packed = join(directory.path, 'packed');
  run(process.execPath, [join(ROOT, 'scripts/pack.ts'), packed], ROOT);
  const file = (prefix: string) => {
    const names = readdirSync(packed).filter((name) => name.startsWith(prefix));
    expect(names, prefix).toHaveLength(1);
    return join(packed, names[0] as string);
  };
  files = {
    sdk: file('rostrum-client-'),
    command: file('rostrum-cli-'),
    go: file('rostrum-go-'),
  };
}, 120_000);

afterAll(() => {
  directory?.remove();
});

/** Runs a program as somebody without a checkout does. Returns what it prints. */
function run(program: string, args: readonly string[], cwd: string): string {
  const { ca, cert, key } = testCertificates('writer');
  const result = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS,
      npm_config_cafile: process.env.npm_config_cafile,
      npm_config_registry: process.env.npm_config_registry,
      ROSTRUM_ADDRESS: service.server.address,
      ROSTRUM_TLS_CA: ca,
      ROSTRUM_TLS_CERT: cert,
      ROSTRUM_TLS_KEY: key,
    },
  });
  expect(result.status, `${program} ${args.join(' ')}\n${result.stdout}${result.stderr}`).toBe(0);
  return result.stdout;
}

function emptyDirectory(name: string): string {
  const path = join(directory.path, name);
  mkdirSync(path);
  return path;
}

it('the command installs without any registry, and runs', { timeout: 180_000 }, () => {
  const home = emptyDirectory('command');
  const prefix = join(home, 'prefix');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--no-update-notifier'];
  const apart = ['--cache', join(home, 'cache'), '--registry', NO_REGISTRY, '--fetch-retries=0'];
  run('npm', ['install', '--global', '--prefix', prefix, ...apart, ...quiet, files.command], home);
  const output = run(join(prefix, 'bin/rostrum'), ['submit', 'packed', 'cli', '1'], home);
  expect(output).toContain('APPLIED');
});

it('the SDK installs beside the command, has types, and runs', { timeout: 180_000 }, () => {
  const project = emptyDirectory('project');
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  // Other people's packages may come from the registry; ours must not be asked for there.
  writeFileSync(join(project, '.npmrc'), `@rostrum:registry=${NO_REGISTRY}\nfetch-retries=0\n`);
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', ['install', ...flags, files.sdk, files.command], project);

  writeFileSync(join(project, 'program.ts'), PROGRAM);
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck'];
  const libraries = ['--lib', 'es2024,esnext.disposable', '--types', 'node'];
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  run(process.execPath, [tsc, ...options, ...libraries, 'program.ts'], project);
  expect(run(process.execPath, ['program.js'], project)).toBe('APPLIED 1\n');

  const answer = run('npx', ['--no-install', 'rostrum', 'top', 'packed', '--json'], project);
  expect(answer).toContain('"playerId":"sdk"');
});

it('READMEs of packed packages link and name only what is in them', () => {
  for (const [archive, name] of [
    [files.sdk, 'sdk'],
    [files.command, 'cli'],
  ] as const) {
    const unpacked = emptyDirectory(`unpacked-${name}`);
    run('tar', ['-xzf', archive, '-C', unpacked, '--strip-components=1'], unpacked);
    const readme = readFileSync(join(unpacked, 'README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
      ([, path]) => path as string,
    );
    const named = [...readme.matchAll(/`((?:examples|src)\/[\w./-]+)`/g)].map(
      ([, path]) => path as string,
    );
    const missing = [...links, ...named].filter((path) => !existsSync(join(unpacked, path)));
    expect(missing, name).toEqual([]);
    if (name === 'sdk') expect(named).toContain('examples/score-outbox.ts');
  }
});

it('the Go module: its README, followed in an empty directory', { timeout: 300_000 }, (context) => {
  needs(context, 'go version');
  const project = emptyDirectory('go');
  const archive = basename(files.go);
  copyFileSync(files.go, join(project, archive));
  const readme = readFileSync(join(ROOT, 'clients/go/README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```(?:sh|go)\n(.*?)```/gs)].map(([, text]) => text as string);
  const [install = '', program = '', start = ''] = blocks;
  expect(install).toContain(archive);
  writeFileSync(join(project, 'main.go'), program);
  // Where the server is, and the certificates, is known here from the environment.
  const commands = start.split('\n').filter((line) => !line.startsWith('export '));
  const output = run('bash', ['-ec', [install, ...commands].join('\n')], project);
  expect(output).toBe('ada: rank 1 of 1\nnobody: no rank yet\nbob leads\n');
});
