import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { type TestIdentity, testCertificates } from './test-certificates.ts';

/** A bare HTTP/2 connection, for what no well-behaved gRPC client does. */
export function rawConnection(
  port: number,
  identity: TestIdentity,
  options: ConnectionOptions & { initialWindowSize?: number } = {},
): ClientHttp2Session {
  const { ca, cert, key } = testCertificates(identity);
  const { initialWindowSize, ...tls } = options;
  return connect(`https://localhost:${port}`, {
    ...(initialWindowSize === undefined ? {} : { settings: { initialWindowSize } }),
    createConnection: () =>
      connectTls({
        host: '127.0.0.1',
        port,
        servername: 'localhost',
        ca: readFileSync(ca),
        cert: readFileSync(cert),
        key: readFileSync(key),
        ALPNProtocols: ['h2'],
        ...tls,
      }),
  });
}

/** Opens a call and sends messages given as bytes; the call stays half open unless `end`. */
export function rawCall(
  session: ClientHttp2Session,
  path: string,
  messages: readonly Uint8Array[],
  end = true,
  headers: Record<string, string> = {},
): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  for (const message of messages) stream.write(frame(message));
  if (end) stream.end();
  return stream;
}

/** A message with the header that gRPC puts before it. */
export function frame(message: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([header, message]);
}

/** Reads a call to its end: its messages, and its status from the trailers. */
export async function finished(
  stream: ClientHttp2Stream,
): Promise<{ status: number | undefined; details: string; body: Buffer; resetCode: number }> {
  let status: number | undefined;
  let details = '';
  const read = (headers: Record<string, unknown>) => {
    if (headers['grpc-status'] !== undefined) status = Number(headers['grpc-status']);
    if (headers['grpc-message'] !== undefined) {
      details = decodeURIComponent(String(headers['grpc-message']));
    }
  };
  stream.on('response', read);
  stream.on('trailers', read);
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', () => {});
  await new Promise((resolve) => stream.once('close', resolve));
  return { status, details, body: Buffer.concat(chunks), resetCode: stream.rstCode };
}
