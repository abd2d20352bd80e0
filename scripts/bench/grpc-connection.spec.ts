import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type CallListener, GrpcConnection, grpcFrame } from './grpc-connection.ts';

/*
 * The load generator's client against Node's own HTTP/2 server: the figures of a benchmark are worth
 * nothing if its client takes failures for successes, or stops when the server slows it down.
 */

let server: Http2Server | undefined;
let connection: GrpcConnection | undefined;

afterEach(async () => {
  connection?.close();
  await new Promise((resolve) => server?.close(resolve));
});

/** Answers calls; `/status/<n>` with that status, everything else with what was sent. */
async function start(
  answer: (stream: ServerHttp2Stream, body: Buffer) => void,
  settings = {},
): Promise<GrpcConnection> {
  const listening = createServer({ settings });
  server = listening;
  listening.on('stream', (incoming, headers) => {
    const stream = incoming as ServerHttp2Stream;
    expect(headers['content-type']).toBe('application/grpc');
    expect(headers.te).toBe('trailers');
    const path = String(headers[':path']);
    const status = /^\/status\/(\d+)$/.exec(path)?.[1];
    const parts: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => {
      if (status !== undefined) {
        stream.respond({ ':status': 200, 'grpc-status': status }, { endStream: true });
        return;
      }
      stream.respond({ ':status': 200, 'x-path': path }, { waitForTrailers: true });
      const trailers = { 'x-before': 'a'.repeat(200), 'grpc-status': '0' };
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      answer(stream, Buffer.concat(parts));
    });
  });
  const port = await new Promise<number>((resolve) => {
    listening.listen(0, '127.0.0.1', () => resolve((listening.address() as AddressInfo).port));
  });
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await new Promise((resolve) => socket.once('connect', resolve));
  connection = new GrpcConnection(socket, 'http', () => undefined);
  return connection;
}

function echo(stream: ServerHttp2Stream, body: Buffer): void {
  stream.end(body);
}

function call(
  client: GrpcConnection,
  path: string,
  frame: Buffer,
): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const listener: CallListener = {
      data: (bytes) => parts.push(Buffer.from(bytes)),
      end: (status) => resolve({ status, body: Buffer.concat(parts) }),
    };
    client.call(path, frame, listener);
  });
}

it('tells every gRPC status apart', async () => {
  const client = await start(echo);
  const statuses = Array.from({ length: 17 }, (_, status) => status);
  const answers = await Promise.all(
    statuses.map((status) => call(client, `/status/${status}`, grpcFrame(Buffer.from('x')))),
  );
  expect(answers.map(({ status }) => status)).toEqual(statuses);
});

it('reaches several methods by their own names, again and again', async () => {
  const paths: string[] = [];
  const client = await start(echo);
  server?.on('stream', (_, headers) => paths.push(String(headers[':path'])));
  const wanted = ['/a/One', '/a/Two', '/a/One', '/a/Three', '/a/Two', '/a/Three', '/a/One'];
  for (const path of wanted) {
    expect(await call(client, path, grpcFrame(Buffer.from('x')))).toMatchObject({ status: 0 });
  }
  expect(paths).toEqual(wanted);
});

it('sends and receives more than the windows hold', async () => {
  const client = await start(echo);
  const frames = Array.from({ length: 200 }, (_, index) =>
    grpcFrame(Buffer.alloc(40_000, index % 251)),
  );
  const answers = await Promise.all(frames.map((frame) => call(client, '/a/One', frame)));
  for (const [index, { status, body }] of answers.entries()) {
    expect(status).toBe(0);
    expect(body.equals(frames[index] as Buffer)).toBe(true);
  }
});

it('waits when it has as many calls open as the server allows', async () => {
  let open = 0;
  let most = 0;
  const client = await start(
    (stream, body) => {
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
        stream.end(body);
      });
    },
    { maxConcurrentStreams: 3 },
  );
  await call(client, '/a/One', grpcFrame(Buffer.from('x'))); // the settings have arrived by then
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => call(client, '/a/One', grpcFrame(Buffer.from('x')))),
  );
  expect(answers.every(({ status }) => status === 0)).toBe(true);
  expect(most).toBeLessThanOrEqual(3);
});

it('tells a call that the server resets from one that it answers', async () => {
  const client = await start((stream) => stream.close(2));
  expect(await call(client, '/a/One', grpcFrame(Buffer.from('x')))).toMatchObject({ status: -1 });
});
