import type { Http2Server, ServerHttp2Session } from 'node:http2';
import grpc from '@grpc/grpc-js';
import { boundIncompleteRequests, type Receiving } from './incomplete-requests.js';
import type { Part } from './parts.js';
import { tidyHeaders } from './request-headers.js';
import { useStreamTable } from './stream-table.js';

/**
 * Returns the function that hands sockets to a grpc-js server, with the given parts in use. TLS is
 * already done on these sockets, so grpc-js is told that they need no credentials.
 */
export function injectorOf(
  server: grpc.Server,
  parts: ReadonlySet<Part>,
  receiving: Receiving,
): grpc.ConnectionInjector['injectConnection'] {
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  for (const http2Server of http2ServersOf(server)) {
    // Before the listeners of grpc-js.
    if (parts.has('stream-table')) http2Server.prependListener('session', useStreamTable);
    if (parts.has('request-headers')) http2Server.prependListener('stream', tidyHeaders);
    if (parts.has('incomplete-requests')) {
      http2Server.prependListener('session', (session: ServerHttp2Session) =>
        boundIncompleteRequests(session, receiving),
      );
    }
  }
  return (socket) => injector.injectConnection(socket);
}

/** The HTTP/2 servers inside a grpc-js server; none where it keeps them elsewhere than 1.14 does. */
export function http2ServersOf(server: grpc.Server): Http2Server[] {
  const http2Servers: unknown = Reflect.get(server, 'http2Servers');
  return http2Servers instanceof Map ? [...http2Servers.keys()] : [];
}
