import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';

const PROTOS = join(import.meta.dirname, '../../../third_party/googleapis');

/** Uses google/rpc by another Protobuf library, as other clients of Google's services do in the same process. */
export function useGoogleLibrary(): void {
  const types = loadSync('google/rpc/error_details.proto', { includeDirs: [PROTOS] });
  const errorInfo = types['google.rpc.ErrorInfo'] as MessageTypeDefinition<object, object>;
  const given = { metadata: { key: 'value' }, reason: 'REASON', domain: 'example.com' };
  const read = errorInfo.deserialize(errorInfo.serialize(given));
  if (!isDeepStrictEqual({ ...read }, given)) throw new Error(`read as ${JSON.stringify(read)}`);
}
