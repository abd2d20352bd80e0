import { constants, type ServerHttp2Stream } from 'node:http2';
import grpc from '@grpc/grpc-js';
import type { Connection } from '../connections.js';

/**
 * Cuts off a call whose caller does not take what it was sent, so that what is queued for it is
 * freed. The caller sees RESOURCE_EXHAUSTED, or UNAVAILABLE if that was the status to send.
 */
export function resetCall(
  call: object,
  connection: Connection | undefined,
  code: grpc.status,
): void {
  const stream = http2StreamOf(call);
  if (stream === undefined) connection?.destroy();
  else if (code === grpc.status.UNAVAILABLE) stream.close(constants.NGHTTP2_REFUSED_STREAM);
  else stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
}

/**
 * Closes the stream of a call whose status is out. A caller that does not close its side could
 * otherwise hold the stream open for as long as its connection lives.
 */
export function releaseCall(call: object): void {
  const stream = http2StreamOf(call);
  if (stream !== undefined && !stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
}

/**
 * Lets go of the bytes of a call's only request, which grpc-js keeps until the next one begins: up to
 * 4 MiB for as long as a stream is open, though the request was read.
 */
export function forgetRequestBytes(call: object): void {
  const { decoder } =
    (call as { call?: { decoder?: { readPartialMessage?: unknown } } }).call ?? {};
  if (!Array.isArray(decoder?.readPartialMessage)) return;
  Object.assign(decoder, { readPartialMessage: [], readCompressFlag: NOT_COMPRESSED });
}

/** Of its own: the byte that it takes the place of is a slice of what was received. */
const NOT_COMPRESSED = Buffer.alloc(1);

/** The gRPC code that was sent for a call, by whomever; undefined if none was. */
export function sentCode(call: object): grpc.status | undefined {
  const stream = http2StreamOf(call);
  // A call that failed before its first message has but one block of headers.
  const code = (stream?.sentTrailers ?? stream?.sentHeaders)?.['grpc-status'];
  return code === undefined ? undefined : Number(code);
}

/**
 * The HTTP/2 stream under a call. grpc-js has no public way to it; should a later version keep it
 * elsewhere, none is found here.
 */
export function http2StreamOf(call: object): ServerHttp2Stream | undefined {
  const stream = (call as { call?: { stream?: ServerHttp2Stream } }).call?.stream;
  return typeof stream?.close === 'function' ? stream : undefined;
}
