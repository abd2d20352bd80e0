// generate-descriptors <directory>: writes what the server answers to reflection.
//
// descriptors.binpb has the contract, health-descriptors.binpb has grpc.health.v1; each is a
// `google.protobuf.FileDescriptorSet` with the comments of its files, for `grpcurl describe`. Of
// what the sources say the comments are all that is kept: every place of every name would double
// the memory that reflection takes.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ROOT } from './foreground.ts';

/** What is described, as buf names it, by the file that it is written to. */
const SOURCES = {
  'descriptors.binpb': '.',
  'health-descriptors.binpb': 'node_modules/grpc-health-check/proto',
} as const;

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: generate-descriptors <directory>');
mkdirSync(directory, { recursive: true });
for (const [file, source] of Object.entries(SOURCES)) {
  writeFileSync(join(directory, file), describe(source));
}

/** The files of a source and those that they import, with their comments. */
function describe(source: string): Uint8Array {
  const flags = ['--as-file-descriptor-set', '-o', '-'];
  const buf = join(ROOT, 'node_modules/.bin/buf');
  const built = execFileSync(buf, ['build', source, ...flags], { cwd: ROOT });
  const set = fromBinary(FileDescriptorSetSchema, built);
  for (const { sourceCodeInfo } of set.file) {
    if (sourceCodeInfo === undefined) continue;
    sourceCodeInfo.location = sourceCodeInfo.location.filter(
      ({ leadingComments, trailingComments }) => leadingComments !== '' || trailingComments !== '',
    );
    // Comments that stand alone, such as licences, describe nothing.
    for (const location of sourceCodeInfo.location) location.leadingDetachedComments = [];
  }
  return toBinary(FileDescriptorSetSchema, set);
}
