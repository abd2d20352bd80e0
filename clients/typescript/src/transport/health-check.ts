import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Method } from './connection.js';

/** The serving states of `grpc.health.v1`, by their numbers. */
export const SERVING_STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;

/** Whether a server, or one service of it, serves. */
export type ServingStatus = (typeof SERVING_STATUSES)[number];

/** `service` is the full name of one; empty for the whole server. */
export interface HealthCheckRequest {
  readonly service: string;
}

/** The question about the whole server. */
export const WHOLE_SERVER: HealthCheckRequest = { service: '' };

/**
 * `grpc.health.v1.Health/Check`: from a service to its status. Written by hand because two fields are not worth a generated module.
 * https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export const healthCheck: Method<HealthCheckRequest, ServingStatus> = {
  path: '/grpc.health.v1.Health/Check',
  requestSerialize: ({ service }) =>
    Buffer.from(new BinaryWriter().uint32(10).string(service).finish()),
  responseDeserialize: (response) => {
    const reader = new BinaryReader(response);
    let status = 0;
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === 1) status = reader.int32();
      else reader.skip(wireType);
    }
    return SERVING_STATUSES[status] ?? 'UNKNOWN';
  },
};
