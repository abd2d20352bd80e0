import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import {
  type ContractNames,
  contractNames,
  lowerCamel,
  snake,
  upperCamel,
  valueWithoutEnum,
} from './contract-names.js';
import { CARGO_TARGET, needs, ROOT, run } from './machine-tools.js';
import { QUOTED_IN_SWIFT, RENAMED_IN_SWIFT } from './swift-words.js';

// The contract, generated in each language for which there is a generator here: each name must come
// out as its users expect it. Go, Python, Java, Rust and C++ are also compiled and run against a
// server, by the recipes of docs/clients.md.

const CONTRACT = readdirSync(join(ROOT, 'proto/rostrum/v1')).map((file) => `rostrum/v1/${file}`);
const GOOGLE_RPC = ['google/rpc/status.proto', 'google/rpc/error_details.proto'];
const BUF = join(ROOT, 'node_modules/.bin/buf');

let directory: string;
let image: string;
let names: ContractNames;

beforeAll(() => {
  directory = join(inject('temporaryDirectory'), 'languages');
  mkdirSync(directory);
  image = join(directory, 'image.binpb');
  run(BUF, ['build', '-o', image]);
  names = contractNames(image);
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

/** Those of some names that a text does not have in the form that a pattern gives. */
const missing = (text: string, form: (name: string) => string, of: readonly string[]) => [
  ...new Set(of.filter((name) => !new RegExp(form(name), 'm').test(text))),
];

const nameOf = ({ name }: { readonly name: string }) => name;
const fieldNames = () => names.fields.map(nameOf);
const messageNames = () => names.messages.map(nameOf);
const valueNames = () => names.enums.flatMap(({ values }) => values.map(nameOf));

test.each(CONTRACT)('%s says what it is named in each language', (file) => {
  const text = readFileSync(join(ROOT, 'proto', file), 'utf8');
  const options = [...text.matchAll(/^option (\w+) = ("?)(.*)\2;$/gm)].map(([, name, , value]) => [
    name,
    value,
  ]);
  const outer = file
    .replace(/.*\/|\.proto/g, '')
    .replace(/(^|_)(\w)/g, (_, __, c) => c.toUpperCase());
  expect(Object.fromEntries(options)).toEqual({
    csharp_namespace: 'Rostrum.V1',
    go_package: 'rostrum.dev/go/rostrum/v1;rostrumv1',
    java_multiple_files: 'true',
    java_outer_classname: `${outer}Proto`,
    java_package: 'dev.rostrum.v1',
    objc_class_prefix: 'RostrumV1',
    php_metadata_namespace: 'Rostrum\\\\V1\\\\Metadata',
    php_namespace: 'Rostrum\\\\V1',
    ruby_package: 'Rostrum::V1',
    swift_prefix: 'RostrumV1',
  });
});

test('Go: one name is not as the contract has it', { timeout: 180_000 }, (context) => {
  needs(context, 'go version');
  const template = 'docs/clients/go/buf.gen.yaml';
  run(BUF, ['generate', 'proto', '--template', template, '-o', join(directory, 'go')]);
  const out = join(directory, 'go/docs/clients/go/rostrum/v1');
  expect(filesIn(out)).toContain('score_grpc.pb.go');
  expect(namesIn(textOf(out), /^\s+([A-Z]\w*_) /gm)).toEqual(['Reset_']);
});

test('Python: no name is a word of the language', (context) => {
  needs(context, 'protoc --version');
  const text = textOf(generate('pyi', CONTRACT)); // has no field that is such a word
  expect(missing(text, (name) => `^ +${name}: `, fieldNames())).toEqual([]);
  expect(missing(text, (name) => `^ *class ${name}\\(`, messageNames())).toEqual([]);
  expect(missing(text, (name) => `^ *${name}: `, valueNames())).toEqual([]);
  const words = run('python3', ['-c', 'import keyword; print(*keyword.kwlist)']).split(/\s+/);
  const all = [...fieldNames(), ...messageNames(), ...valueNames(), ...names.calls];
  expect(all.filter((name) => words.includes(name))).toEqual([]);
});

test('C#: everything is in Rostrum.V1, and no name is changed', (context) => {
  needs(context, 'protoc --version');
  const text = textOf(generate('csharp', CONTRACT));
  expect(namesIn(text, /^namespace (\S+)/gm)).toEqual(['Rostrum.V1']);
  expect(namesIn(text, /^\s*public .* (\w+_) \{/gm)).toEqual([]);
});

test('Java: a class for each message, and none that is named as one of Java', (context) => {
  needs(context, 'protoc --version');
  const out = generate('java', CONTRACT);
  const files = filesIn(out);
  expect(files).toContain('dev/rostrum/v1/Leaderboard.java');
  expect(files).toContain('dev/rostrum/v1/LeaderboardProto.java');
  const builtIn = ['Error', 'Object', 'Record', 'Thread', 'Enum', 'Module', 'Process', 'Exception'];
  for (const name of builtIn) expect(files).not.toContain(`dev/rostrum/v1/${name}.java`);
  expect(files.filter((file) => file.endsWith('OuterClass.java'))).toEqual([]);
  const getter = (field: string) => ` get${upperCamel(field)}(List|Map)?\\(`;
  expect(missing(textOf(out), getter, fieldNames())).toEqual([]);
});

test('Kotlin: every message has a builder with all fields, under their own names', (context) => {
  needs(context, 'protoc --version');
  const text = textOf(generate('kotlin', CONTRACT));
  const builder = (message: string) => `fun ${lowerCamel(message)}\\(block: `;
  expect(missing(text, builder, messageNames())).toEqual([]);
  const property = (field: string) => `^ +public va[lr] ${lowerCamel(field)}:`;
  expect(missing(text, property, fieldNames())).toEqual([]);
  // Words of Kotlin and of its messages would get an underscore, fields that clash a number.
  const expected = [...fieldNames(), ...names.oneofs.map((oneof) => `${oneof}_case`)];
  const properties = namesIn(text, /^ +public va[lr] (\S+):/gm);
  expect(properties.toSorted()).toEqual([...new Set(expected.map(lowerCamel))].toSorted());
});

test('Swift: one value of an enum is a word of the language', () => {
  const types = [...names.messages, ...names.enums].filter(({ parent }) => parent).map(nameOf);
  const values = names.enums.flatMap((of) =>
    of.values.map(({ name }) => lowerCamel(valueWithoutEnum(of, name).toLowerCase())),
  );
  const all = [...types, ...fieldNames().map(lowerCamel), ...values];
  expect(
    all.filter((name) => RENAMED_IN_SWIFT.has(name) || /^(has|clear)[A-Z]/.test(name)),
  ).toEqual([]);
  expect(all.filter((name) => QUOTED_IN_SWIFT.has(name))).toEqual(['internal']);
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
  expect(files.filter((file) => /\/PB[A-Z]/.test(file))).toEqual([]); // what words of PHP become
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

  const text = textOf(out);
  const getter = (field: string) => `^ .*\\b${field}\\((int index)?\\) const;`;
  expect(missing(text, getter, fieldNames())).toEqual([]);
  expect(missing(text, (value) => `^ +(\\w+_)?${value} = `, valueNames())).toEqual([]);
});

// The first time on a machine it compiles a hundred crates.
test('Rust: no name is changed', { timeout: 600_000 }, (context) => {
  needs(context, 'cargo --version');
  const text = readFileSync(join(buildInRust(), 'rostrum.v1.rs'), 'utf8');
  expect(missing(text, (message) => `pub struct ${message} `, messageNames())).toEqual([]);
  const [ofOneofs, others] = [true, false].map((isOfOneof) =>
    names.fields.filter(({ oneof }) => (oneof !== undefined) === isOfOneof).map(nameOf),
  );
  expect(missing(text, (field) => `^ +pub ${field}: `, others ?? [])).toEqual([]);
  const variant = (field: string) => `^ +${upperCamel(field)}\\(`;
  expect(missing(text, variant, ofOneofs ?? [])).toEqual([]);
  const values = names.enums.flatMap((of) =>
    of.values.map(({ name }) => upperCamel(valueWithoutEnum(of, name).toLowerCase())),
  );
  expect(missing(text, (value) => `^ +${value} = \\d`, values)).toEqual([]);
  const calls = names.calls.map(snake);
  expect(missing(text, (call) => `pub async fn ${call}\\(`, calls)).toEqual([]);
});

/** Builds the recipe for Rust. Returns the directory with what it has generated. */
function buildInRust(): string {
  const manifest = ['--manifest-path', 'docs/clients/rust/Cargo.toml', '--locked'];
  const target = ['--target-dir', CARGO_TARGET];
  const messages = run('cargo', ['build', ...manifest, ...target, '--message-format=json']);
  const generated = messages
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { reason: string; package_id?: string; out_dir?: string })
    .find(
      (message) =>
        message.reason === 'build-script-executed' && /\barena[@ ]/.test(message.package_id ?? ''),
    );
  return generated?.out_dir ?? '';
}
