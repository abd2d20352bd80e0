import {
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type grpc from '@grpc/grpc-js';
import type { Connection, Connections } from './connections.js';
import { http2ServersOf } from './http2-servers.js';
import type { ReceivedBudget } from './received-budget.js';
import { RequestBytes, type RequestKind } from './request-bytes.js';

/**
 * Has a grpc-js server count what it has received of requests that are not complete, and end the
 * calls whose requests are more than the budget has room for. A caller sees RESOURCE_EXHAUSTED.
 *
 * Nearly all requests come whole, with what is read at once. So a call is looked at when that has
 * been worked off, and one whose request is complete by then costs nothing.
 *
 * @param isStream whether a method takes a stream of requests, by its path
 */
export function boundIncompleteRequests(
  server: grpc.Server,
  connections: Connections,
  budget: ReceivedBudget,
  maxMessageBytes: number,
  isStream: (path: string) => boolean,
): void {
  const onSession = (session: ServerHttp2Session): void => {
    // The label of a connection stands in for the address; see `Connections.add`.
    const connection = connections.find(session.socket?.remoteAddress ?? '');
    if (connection === undefined) return;
    let opened: ServerHttp2Stream[] = [];
    const lookAgain = (): void => {
      const streams = opened;
      opened = [];
      for (const stream of streams) {
        if (isIncomplete(stream)) watch(stream, connection, budget, 'plain', maxMessageBytes);
      }
    };
    session.prependListener(
      'stream',
      (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
        const kind = kindOf(headers, isStream);
        if (kind !== 'plain') {
          watch(stream, connection, budget, kind, maxMessageBytes);
          return;
        }
        if (opened.push(stream) === 1) setImmediate(lookAgain);
      },
    );
  };
  for (const http2Server of http2ServersOf(server)) {
    http2Server.prependListener('session', onSession);
  }
}

function kindOf(headers: IncomingHttpHeaders, isStream: (path: string) => boolean): RequestKind {
  const encoding = headers['grpc-encoding'];
  const compressed = encoding !== undefined && encoding !== 'identity';
  if (isStream(headers[':path'] ?? '')) return compressed ? 'compressed stream' : 'stream';
  return compressed ? 'compressed' : 'plain';
}

function isIncomplete(stream: ServerHttp2Stream): boolean {
  return !stream.readableEnded && !stream.destroyed && !stream.closed;
}

function watch(
  stream: ServerHttp2Stream,
  connection: Connection,
  budget: ReceivedBudget,
  kind: RequestKind,
  maxMessageBytes: number,
): void {
  const bytes = new RequestBytes(kind, maxMessageBytes);
  let taken = 0;
  /** Brings what is taken up or down to what is held. False: there is no room for it. */
  const settle = (held: number): boolean => {
    if (held < taken) budget.release(connection, taken - held);
    else if (held > taken && !budget.take(connection, held - taken)) return false;
    taken = held;
    return true;
  };
  const refuse = (): void => {
    stop();
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  const onData = (chunk: Buffer): void => {
    // grpc-js, which hears of the piece next, lets it go when the stream is closed.
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
  // Not at once: grpc-js hears of the stream next, may answer on it, and must not find it closed.
  if (!settle(bytes.held)) process.nextTick(refuse);
}
