import type { Http2Server } from 'node:http2';
import type grpc from '@grpc/grpc-js';

/**
 * The HTTP/2 servers inside a grpc-js server. grpc-js has no interface for them: should a later
 * version keep them elsewhere than 1.14 does, none is found, and the tests of those who need them fail.
 */
export function http2ServersOf(server: grpc.Server): Http2Server[] {
  const http2Servers: unknown = Reflect.get(server, 'http2Servers');
  return http2Servers instanceof Map ? [...http2Servers.keys()] : [];
}
