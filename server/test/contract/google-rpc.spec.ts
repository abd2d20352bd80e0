import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary, toJsonString } from '@bufbuild/protobuf';
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { expect, inject, test } from 'vitest';
import { needs, ROOT, run } from './machine-tools.js';

// google/rpc is declared in third_party/ in words of our own. What programs see of it must be what
// they see of the official files, which come with the Python package of them.

const PACKAGE = 'googleapis-common-protos==1.76.0';
const FILES = ['code', 'error_details', 'status'].map((name) => `google/rpc/${name}.proto`);

test('google/rpc is declared as everywhere', { timeout: 180_000 }, (context) => {
  needs(context, 'python3 -c "import ensurepip"');
  const official = officialProtos();
  const [theirs, ours] = [official, join(ROOT, 'third_party/googleapis')].map(describe);
  expect(Object.keys(ours ?? {}).sort()).toEqual(FILES);
  expect(ours).toEqual(theirs);
});

/** The descriptors of the files in a directory as JSON, by file, without comments. */
function describe(directory: string): Record<string, string> {
  const image = join(inject('temporaryDirectory'), 'google-rpc.binpb');
  const paths = FILES.flatMap((file) => ['--path', join(directory, file)]);
  const flags = ['--as-file-descriptor-set', '--exclude-source-info', '--exclude-imports'];
  run(join(ROOT, 'node_modules/.bin/buf'), ['build', directory, ...paths, ...flags, '-o', image]);
  const { file } = fromBinary(FileDescriptorSetSchema, readFileSync(image));
  const json = (descriptor: FileDescriptorProto) =>
    toJsonString(FileDescriptorProtoSchema, descriptor, { prettySpaces: 2 });
  return Object.fromEntries(file.map((descriptor) => [descriptor.name, json(descriptor)]));
}

/** Where the official files are; they are kept for the next run. */
function officialProtos(): string {
  const directory = join(tmpdir(), `rostrum-${PACKAGE.replaceAll('=', '-')}`);
  if (!existsSync(join(directory, FILES.at(-1) as string))) {
    const venv = join(inject('temporaryDirectory'), 'google-rpc-venv');
    run('python3', ['-m', 'venv', venv]);
    const pip = ['install', '--quiet', '--no-deps', '--target', directory, PACKAGE];
    run(join(venv, 'bin/pip'), pip);
  }
  return directory;
}
