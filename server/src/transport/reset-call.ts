import { constants, type ServerHttp2Stream } from 'node:http2';
import { type RostrumError, StatusCode } from '../domain/errors.js';
import type { Connection } from './connections.js';

/**
 * Cuts off a call whose caller does not take what it was sent, so that what is queued for it is
 * freed. The caller sees RESOURCE_EXHAUSTED, or UNAVAILABLE if that was the error to send.
 *
 * grpc-js has no public way to reset a stream. Should a later version keep the HTTP/2 stream
 * elsewhere, none is found here, and the connection is closed instead.
 */
export function resetCall(call: object, connection: Connection, error?: RostrumError): void {
  const inner = (call as { call?: { stream?: ServerHttp2Stream } }).call;
  const stream = inner?.stream;
  if (typeof stream?.close !== 'function') {
    connection.destroy();
    return;
  }
  stream.close(
    error?.code === StatusCode.UNAVAILABLE
      ? constants.NGHTTP2_REFUSED_STREAM
      : constants.NGHTTP2_ENHANCE_YOUR_CALM,
  );
}
