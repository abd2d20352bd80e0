import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type grpc from '@grpc/grpc-js';
import { http2ServersOf } from './http2-servers.js';

/** What the server and grpc-js read of a request, besides its pseudo-headers. */
const KNOWN: ReadonlySet<string> = new Set(['content-type', 'grpc-timeout', 'grpc-encoding']);

const CONTENT_TYPE = 'application/grpc';
/** Longer than the name of any compression. */
const MAX_ENCODING_LENGTH = 32;

/**
 * Takes from each request the headers that nobody reads. grpc-js splits every header at its commas,
 * and checks and keeps each part: 20 bytes that refer to earlier headers of the connection are 64 KB
 * of commas to it, hundreds of KB of memory and several milliseconds.
 */
export function useKnownHeaders(server: grpc.Server): void {
  for (const http2Server of http2ServersOf(server)) {
    http2Server.off('stream', keepKnown);
    http2Server.prependListener('stream', keepKnown);
  }
}

function keepKnown(_stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  for (const name in headers) {
    // Those with a colon are HTTP/2's own, one of each, and are not split.
    if (name.charCodeAt(0) !== 0x3a && !KNOWN.has(name)) delete headers[name];
  }
  const { 'content-type': type, 'grpc-encoding': encoding } = headers;
  if (type?.startsWith(CONTENT_TYPE)) headers['content-type'] = CONTENT_TYPE;
  if (encoding !== undefined) {
    headers['grpc-encoding'] = String(encoding).slice(0, MAX_ENCODING_LENGTH);
  }
}
