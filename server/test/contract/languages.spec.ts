import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { needs, ROOT, run } from './machine-tools.js';

// The contract, generated in each language for which there is a generator here. Go, Python and Java
// are also compiled and run against a server, by the recipes of docs/clients.md.

const CONTRACT = readdirSync(join(ROOT, 'proto/rostrum/v1')).map((file) => `rostrum/v1/${file}`);
const GOOGLE_RPC = ['google/rpc/status.proto', 'google/rpc/error_details.proto'];
const BUF = join(ROOT, 'node_modules/.bin/buf');

let directory: string;
let image: string;

beforeAll(() => {
  directory = join(inject('temporaryDirectory'), 'languages');
  mkdirSync(directory);
  image = join(directory, 'image.binpb');
  run(BUF, ['build', '-o', image]);
});

/** Generates files with protoc. Returns the directory with them. */
function generate(language: string, files: readonly string[]): string {
  const out = join(directory, language);
  mkdirSync(out);
  run('protoc', ['--descriptor_set_in', image, `--${language}_out`, out, ...files]);
  return out;
}

/** All files below a directory, as paths in it. */
const filesIn = (out: string) =>
  readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(out.length + 1));

/** What all generated files say. */
const textOf = (out: string) =>
  filesIn(out)
    .map((file) => readFileSync(join(out, file), 'utf8'))
    .join('\n');

/** The distinct names in a text that a pattern finds. */
const namesIn = (text: string, pattern: RegExp) => [
  ...new Set([...text.matchAll(pattern)].map(([, name]) => name)),
];

test('Go: one name is not as the contract has it', { timeout: 180_000 }, (context) => {
  needs(context, 'go version');
  const template = 'docs/clients/go/buf.gen.yaml';
  run(BUF, ['generate', 'proto', '--template', template, '-o', join(directory, 'go')]);
  const out = join(directory, 'go/docs/clients/go/rostrum/v1');
  expect(filesIn(out)).toContain('score_grpc.pb.go');
  expect(namesIn(textOf(out), /^\s+([A-Z]\w*_) /gm)).toEqual(['Reset_']);
});

test('C#: everything is in Rostrum.V1, and no name is changed', (context) => {
  needs(context, 'protoc --version');
  const text = textOf(generate('csharp', CONTRACT));
  expect(namesIn(text, /^namespace (\S+)/gm)).toEqual(['Rostrum.V1']);
  expect(namesIn(text, /^\s*public .* (\w+_) \{/gm)).toEqual([]);
});

test('Java: a class for each message, and none that is named as one of Java', (context) => {
  needs(context, 'protoc --version');
  const files = filesIn(generate('java', CONTRACT));
  expect(files).toContain('dev/rostrum/v1/Leaderboard.java');
  expect(files).toContain('dev/rostrum/v1/LeaderboardProto.java');
  const builtIn = ['Error', 'Object', 'Record', 'Thread', 'Enum', 'Module', 'Process', 'Exception'];
  for (const name of builtIn) expect(files).not.toContain(`dev/rostrum/v1/${name}.java`);
  expect(files.filter((file) => file.endsWith('OuterClass.java'))).toEqual([]);
});

test('Objective-C: names have a prefix, and none is changed', (context) => {
  needs(context, 'protoc --version');
  const text = textOf(generate('objc', CONTRACT));
  const classes = namesIn(text, /@interface (\w+)/g);
  expect(classes.length).toBeGreaterThan(20);
  expect(classes.filter((name) => !name?.startsWith('RostrumV1'))).toEqual([]);
  expect(namesIn(text, /\b([a-z]\w*_p)\b/g)).toEqual([]);
});

test('PHP: every file is understood, and is in Rostrum\\V1', { timeout: 60_000 }, (context) => {
  needs(context, 'protoc --version');
  needs(context, 'php --version');
  const out = generate('php', CONTRACT);
  const files = filesIn(out);
  expect(files).toContain('Rostrum/V1/Standing.php');
  expect(files).toContain('Rostrum/V1/Metadata/Standing.php');
  for (const file of files) run('php', ['-l', file], out);
});

test('Ruby: messages are in Rostrum::V1, and their fields can be read', (context) => {
  needs(context, 'protoc --version');
  needs(context, 'ruby -e "require %q(google/protobuf)"');
  const out = generate('ruby', [...CONTRACT, ...GOOGLE_RPC]);
  const requires = CONTRACT.map((file) => `require "${file.replace('.proto', '_pb')}"`).join('\n');
  // Fields are methods of objects that have some already, such as `method` and `hash`.
  const program = `${requires}
    pool = Google::Protobuf::DescriptorPool.generated_pool
    %w[GetServerStatsResponse.Method Difference ScoreResult StandingsSnapshot].each do |name|
      descriptor = pool.lookup("rostrum.v1.#{name}")
      message = descriptor.msgclass.new
      descriptor.each { |field| raise field.name unless message.public_send(field.name) == field.get(message) }
    end
    print Rostrum::V1::Standing.name`;
  expect(run('ruby', ['-I', out, '-e', program])).toBe('Rostrum::V1::Standing');
});

test('C++: everything compiles together', { timeout: 240_000 }, (context) => {
  needs(context, 'protoc --version');
  needs(context, 'g++ --version && pkg-config --exists protobuf');
  const out = generate('cpp', [...CONTRACT, ...GOOGLE_RPC]);
  const headers = CONTRACT.map((file) => `#include "${file.replace('.proto', '.pb.h')}"`);
  const uses = [
    '#define max(a, b) a // as windows.h has it',
    'void use(const rostrum::v1::GetServerStatsResponse_Method& method) { method.longest(); }',
    'rostrum::v1::ErrorReason reason = rostrum::v1::ERROR_REASON_INTERNAL;',
  ];
  writeFileSync(join(out, 'all.cc'), [...headers, ...uses, ''].join('\n'));
  run('g++', ['-std=c++17', '-fsyntax-only', '-I', '.', 'all.cc'], out);
});
