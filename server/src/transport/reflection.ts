import { readFileSync } from 'node:fs';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { ReflectionService } from '@grpc/reflection';
import type { GrpcServer } from './server.js';

/** Written by `npm run generate`, each a `google.protobuf.FileDescriptorSet`. */
const DESCRIPTOR_SETS = ['descriptors.binpb', 'health-descriptors.binpb'].map(
  (name) => new URL(`../../src/gen/${name}`, import.meta.url),
);

/** Field `file` of `google.protobuf.FileDescriptorSet`. */
const FILE_FIELD = 1;

/**
 * Adds `grpc.reflection.v1` and `v1alpha`, used by grpcurl and others: they describe the services that
 * the server has so far, and all messages. Role reader.
 */
export function addReflection(server: GrpcServer): void {
  const files = DESCRIPTOR_SETS.flatMap((url) => descriptorFiles(readFileSync(url)));
  // The library wants the result of a .proto loader, but reads only the descriptors in it.
  const loaded = { rostrum: { format: '', type: {}, fileDescriptorProtos: files } };
  const reflection = new ReflectionService(
    loaded as unknown as ConstructorParameters<typeof ReflectionService>[0],
    { services: [...server.services] },
  );
  reflection.addToServer({
    addService: (definition, handlers) => server.addLibraryService(definition, handlers),
  });
}

/** The encoded `FileDescriptorProto`s of an encoded `FileDescriptorSet`. */
function descriptorFiles(set: Uint8Array): Buffer[] {
  const files: Buffer[] = [];
  const reader = new BinaryReader(set);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === FILE_FIELD && wireType === WireType.LengthDelimited) {
      files.push(Buffer.from(reader.bytes()));
    } else {
      reader.skip(wireType, field);
    }
  }
  return files;
}
