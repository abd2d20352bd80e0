import { connect, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import grpc from '@grpc/grpc-js';
import type { Logger } from '../../observability/log.js';
import { encodedResponses } from '../service-definition.js';
import { http2StreamOf } from './call-stream.js';
import { FrameBatch } from './frame-batch.js';
import { http2ServersOf } from './injector.js';
import { PARTS, type Part } from './parts.js';
import { labelPeer } from './peer-label.js';
import { tidyHeaders } from './request-headers.js';
import { useStreamTable } from './stream-table.js';

const PATIENCE_MS = 10_000;
const PATH = '/check/Call';
const HEADERS = { ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc' };
const LABEL = 'a label#1';
const FRAMES = '\0\0\0\0\x01a\0\0\0\0\x02bc';

const asTheyAre = (bytes: Buffer) => bytes;
const SERVICE: grpc.ServiceDefinition = {
  call: {
    path: PATH,
    requestStream: false,
    responseStream: true,
    requestSerialize: asTheyAre,
    requestDeserialize: asTheyAre,
    responseSerialize: asTheyAre,
    responseDeserialize: asTheyAre,
  },
};

/** What must be seen to work. The last two cannot be turned off. */
type Seen = Part | 'peer-label' | 'call-stream';
const LOST: Readonly<Record<Seen, string>> = {
  ...PARTS,
  'peer-label': 'no call finds its connection, and all are refused',
  'call-stream': 'a caller that does not read loses its connection, not only its call',
};

let checked: Promise<ReadonlySet<Seen>> | undefined;

/** The parts of `wanted` that work with this Node and this grpc-js. Logs a warning for the others. */
export async function workingParts(
  wanted: readonly Part[],
  log: Logger,
): Promise<ReadonlySet<Part>> {
  checked ??= tryAll();
  const seen = await checked;
  for (const part of [...wanted, 'peer-label', 'call-stream'] as const) {
    if (!seen.has(part)) log.warn({ part, lost: LOST[part] }, 'cannot reach into Node or grpc-js');
  }
  return new Set(wanted.filter((part) => seen.has(part)));
}

/** Makes one call over loopback to a server of its own. Never rejects. */
async function tryAll(): Promise<ReadonlySet<Seen>> {
  const seen = new Set<Seen>();
  const server = new grpc.Server({ 'grpc.enable_channelz': 0 });
  server.addService(encodedResponses(SERVICE), {
    call: (call: grpc.ServerWritableStream<Buffer, unknown>) => {
      if (call.getPeer() === LABEL) seen.add('peer-label');
      if (http2StreamOf(call) !== undefined) seen.add('call-stream');
      if (call.metadata.get('x-unread').length === 0) seen.add('request-headers');
      call.write(new FrameBatch([Buffer.from('a'), Buffer.from('bc')]));
      call.end();
    },
  });
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  for (const http2Server of http2ServersOf(server)) {
    http2Server.prependListener('session', (session: ServerHttp2Session) => {
      if (useStreamTable(session)) seen.add('stream-table');
      if (session.socket.remoteAddress === LABEL) seen.add('incomplete-requests');
    });
    http2Server.prependListener('stream', tidyHeaders);
  }
  const listener = createServer((socket) => {
    labelPeer(socket, LABEL);
    injector.injectConnection(socket);
  });
  try {
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject).listen(0, 'localhost', resolve);
    });
    const { address, family, port } = listener.address() as AddressInfo;
    const host = family === 'IPv6' ? `[${address}]` : address;
    const client = connect(`http://${host}:${port}`).on('error', () => {});
    const call = client.request(
      { ...HEADERS, 'x-unread': 'x' },
      { signal: AbortSignal.timeout(PATIENCE_MS) },
    );
    call.end(Buffer.alloc(5));
    const frames = await buffer(call);
    if (frames.toString('latin1') === FRAMES) seen.add('frame-batch');
    client.destroy();
  } catch {
    // What was not seen by now does not work.
  }
  listener.close();
  server.forceShutdown();
  return seen;
}
