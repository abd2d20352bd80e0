import {
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { CallerBudget } from '../../domain/caller-budget.js';
import type { Connection, Connections } from '../connections.js';
import { RequestBytes, type RequestKind } from './request-bytes.js';

/** What bounds the requests of a server. */
export interface Receiving {
  readonly connections: Connections;
  readonly budget: CallerBudget;
  readonly maxMessageBytes: number;
  /** The paths of the methods that take a stream of requests. */
  readonly requestStreams: ReadonlySet<string>;
}

/**
 * Counts the bytes of incomplete requests on a session, and ends the calls for which the budget has no
 * room: a peer that begins a thousand requests of 4 MiB and holds back the last byte of each would make
 * the process keep all of it. The caller sees RESOURCE_EXHAUSTED.
 *
 * Nearly all requests arrive whole, in one read. So a call is first looked at after that read has been
 * processed, and one whose request is complete by then costs nothing.
 */
export function boundIncompleteRequests(session: ServerHttp2Session, receiving: Receiving): void {
  const connection = receiving.connections.find(session.socket?.remoteAddress ?? '');
  if (connection === undefined) return;
  let opened: ServerHttp2Stream[] = [];
  const lookAgain = (): void => {
    const streams = opened;
    opened = [];
    for (const stream of streams) {
      if (isIncomplete(stream)) watch(stream, connection, receiving, 'plain');
    }
  };
  session.prependListener(
    'stream',
    (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
      const kind = kindOf(headers, receiving.requestStreams);
      if (kind !== 'plain') watch(stream, connection, receiving, kind);
      else if (opened.push(stream) === 1) setImmediate(lookAgain);
    },
  );
}

function kindOf(headers: IncomingHttpHeaders, streams: ReadonlySet<string>): RequestKind {
  const encoding = headers['grpc-encoding'];
  const compressed = encoding !== undefined && encoding !== 'identity';
  if (streams.has(headers[':path'] ?? '')) return compressed ? 'compressed stream' : 'stream';
  return compressed ? 'compressed' : 'plain';
}

function isIncomplete(stream: ServerHttp2Stream): boolean {
  return !stream.readableEnded && !stream.destroyed && !stream.closed;
}

function watch(
  stream: ServerHttp2Stream,
  connection: Connection,
  { budget, maxMessageBytes }: Receiving,
  kind: RequestKind,
): void {
  const bytes = new RequestBytes(kind, maxMessageBytes);
  let taken = 0;
  /** Raises or lowers what is taken to what is held. False if there is no room for it. */
  const settle = (held: number): boolean => {
    if (held < taken) budget.release(connection, taken - held);
    else if (held > taken && !budget.take(connection, held - taken)) return false;
    taken = held;
    return true;
  };
  const refuse = (): void => {
    stop();
    connection.of.refuse('receivedBytes');
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  const onData = (chunk: Buffer): void => {
    // grpc-js gets the piece next, and drops it if the stream is closed.
    if (!settle(bytes.receive(chunk))) refuse();
  };
  const onEnd = (): void => void settle(bytes.end());
  const stop = (): void => {
    stream.off('data', onData);
    stream.off('end', onEnd);
    stream.off('close', stop);
    budget.release(connection, taken);
    taken = 0;
  };
  // Unlike `on`, this does not set the stream flowing.
  stream.prependListener('data', onData);
  stream.once('end', onEnd);
  stream.once('close', stop);
  // Deferred: grpc-js gets the stream next, may answer on it, and must not find it closed.
  if (!settle(bytes.held)) process.nextTick(refuse);
}
