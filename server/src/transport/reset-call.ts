import { constants, type ServerHttp2Stream } from 'node:http2';
import { type RostrumError, StatusCode } from '../domain/errors.js';
import type { Connection } from './connections.js';

/**
 * Cuts off a call whose caller does not take what it was sent, so that what is queued for it is
 * freed. The caller sees RESOURCE_EXHAUSTED, or UNAVAILABLE if that was the error to send.
 */
export function resetCall(call: object, connection: Connection, error?: RostrumError): void {
  const stream = http2StreamOf(call);
  if (stream === undefined) connection.destroy();
  else stream.close(resetCode(error));
}

/**
 * Closes the stream of a call whose status is out. A caller that does not close its side could
 * otherwise hold the stream open for as long as its connection lives.
 */
export function releaseCall(call: object): void {
  const stream = http2StreamOf(call);
  if (stream !== undefined && !stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
}

function resetCode(error: RostrumError | undefined): number {
  return error?.code === StatusCode.UNAVAILABLE
    ? constants.NGHTTP2_REFUSED_STREAM
    : constants.NGHTTP2_ENHANCE_YOUR_CALM;
}

/**
 * The HTTP/2 stream under a call. grpc-js has no public way to close one; should a later version
 * keep it elsewhere, none is found here.
 */
function http2StreamOf(call: object): ServerHttp2Stream | undefined {
  const stream = (call as { call?: { stream?: ServerHttp2Stream } }).call?.stream;
  return typeof stream?.close === 'function' ? stream : undefined;
}
