import { constants, type ServerHttp2Stream } from 'node:http2';
import grpc from '@grpc/grpc-js';
import type { Connection } from '../connections.js';

/**
 * Cuts off a call whose caller does not read, which frees what is queued for it. The caller sees
 * RESOURCE_EXHAUSTED, or UNAVAILABLE if that was the status to send.
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
 * Closes the stream of a call whose status was sent. Otherwise a caller that never closes its side could
 * hold the stream open for as long as its connection lives.
 */
export function releaseCall(call: object): void {
  const stream = http2StreamOf(call);
  if (stream !== undefined && !stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
}

/**
 * Frees the bytes of the last request. grpc-js keeps them, up to 4 MiB, until the next request begins
 * or the stream ends.
 */
export function forgetRequestBytes(call: object): void {
  const decoder = (call as { call?: { decoder?: Decoder } }).call?.decoder;
  if (decoder?.readState !== BETWEEN_MESSAGES) return;
  decoder.readPartialMessage = [];
  decoder.readCompressFlag = NOT_COMPRESSED;
}

interface Decoder {
  readonly readState?: unknown;
  readPartialMessage: Buffer[];
  readCompressFlag: Buffer;
}

const BETWEEN_MESSAGES = 0;
/** Replaces a byte that is a slice of what was received, and so keeps all of it alive. */
const NOT_COMPRESSED = Buffer.alloc(1);

/** The gRPC code that was sent for a call, by us or by grpc-js; undefined if none was. */
export function sentCode(call: object): grpc.status | undefined {
  const stream = http2StreamOf(call);
  // A call that failed before its first message has only one block of headers.
  const code = (stream?.sentTrailers ?? stream?.sentHeaders)?.['grpc-status'];
  return code === undefined ? undefined : Number(code);
}

/** The HTTP/2 stream under a call; undefined if this grpc-js keeps it elsewhere. */
export function http2StreamOf(call: object): ServerHttp2Stream | undefined {
  const stream = (call as { call?: { stream?: ServerHttp2Stream } }).call?.stream;
  return typeof stream?.close === 'function' ? stream : undefined;
}
