import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { type TestIdentity, testCertificates } from './test-certificates.ts';

/** Frame types of HTTP/2 (RFC 9113, section 6). */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
export const END_HEADERS = 4;
export const END_STREAM = 1;

/** One frame of HTTP/2. */
export function h2Frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(9 + payload.byteLength);
  bytes.writeUIntBE(payload.byteLength, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, 9);
  return bytes;
}

/** The start of a gRPC call, as a HEADERS frame of its own. */
export function callHeaders(
  stream: number,
  path: string,
  more: readonly Uint8Array[] = [],
): Buffer {
  const block = Buffer.concat([
    Buffer.from([0x83, 0x87]), // :method POST, :scheme https
    literal(':path', path),
    literal(':authority', 'localhost'),
    literal('content-type', 'application/grpc'),
    literal('te', 'trailers'),
    ...more,
  ]);
  return h2Frame(FRAME.HEADERS, END_HEADERS, stream, block);
}

/** A header as HPACK writes it plainly; `indexed` ones go into the table of the connection. */
export function literal(name: string, value: string, indexed = false): Buffer {
  return Buffer.concat([Buffer.from([indexed ? 0x40 : 0]), text(name), text(value)]);
}

function text(value: string): Buffer {
  return Buffer.concat([integer(value.length), Buffer.from(value, 'latin1')]);
}

/** An integer with a prefix of 7 bits (RFC 7541, section 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let left = value - 127;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
}

/** A connection that sends frames as it likes: what no HTTP/2 library would. */
export class HostilePeer implements Disposable {
  readonly #socket: TLSSocket;
  readonly #windows = new Map<number, number>();
  #unread: Buffer = Buffer.alloc(0);
  #waiting: (() => void)[] = [];
  /** The streams that the server has reset, with the code. */
  readonly resets = new Map<number, number>();
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<unknown>;
  /** Bytes that the server sent. */
  received = 0;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.byteLength;
      this.#read(chunk);
    });
  }

  /** Follows the windows that the server opens, and counts the streams that it resets. */
  #read(chunk: Buffer): void {
    this.#unread = this.#unread.byteLength === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    let at = 0;
    while (this.#unread.byteLength - at >= 9) {
      const size = this.#unread.readUIntBE(at, 3);
      if (this.#unread.byteLength - at < 9 + size) break;
      const type = this.#unread[at + 3];
      const stream = this.#unread.readUInt32BE(at + 5);
      if (type === FRAME.WINDOW_UPDATE) {
        this.#windows.set(stream, this.windowOf(stream) + this.#unread.readUInt32BE(at + 9));
      }
      if (type === FRAME.RST_STREAM) this.resets.set(stream, this.#unread.readUInt32BE(at + 9));
      at += 9 + size;
    }
    this.#unread = this.#unread.subarray(at);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Bytes of DATA that the server takes now, on a stream; 0 is the connection. */
  windowOf(stream: number): number {
    return this.#windows.get(stream) ?? 65_535;
  }

  /**
   * Sends bytes of a request as frames of DATA, as far as the server opens its windows. Resolves with
   * whether all could be sent; false: the stream was reset, or the connection is closed.
   */
  async sendData(stream: number, bytes: Uint8Array, frameBytes = 16_000): Promise<boolean> {
    let at = 0;
    while (at < bytes.byteLength) {
      if (this.isClosed || this.resets.has(stream)) return false;
      const room = Math.min(this.windowOf(0), this.windowOf(stream), frameBytes);
      const part = bytes.subarray(at, at + room);
      if (part.byteLength === 0) {
        await Promise.race([this.closed, new Promise<void>((wake) => this.#waiting.push(wake))]);
        continue;
      }
      for (const each of [0, stream])
        this.#windows.set(each, this.windowOf(each) - part.byteLength);
      await this.send(h2Frame(FRAME.DATA, 0, stream, part));
      at += part.byteLength;
    }
    return true;
  }

  static async connect(port: number, identity: TestIdentity): Promise<HostilePeer> {
    const { ca, cert, key } = testCertificates(identity);
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: readFileSync(ca),
      cert: readFileSync(cert),
      key: readFileSync(key),
      ALPNProtocols: ['h2'],
    });
    socket.setNoDelay(true);
    await once(socket, 'secureConnect');
    const peer = new HostilePeer(socket);
    socket.write(PREFACE);
    await peer.send(h2Frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(0)));
    return peer;
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** Stops reading what the server sends, so that the window of TCP fills. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Sends bytes; resolves when more may be sent, or the server has closed the connection. */
  async send(...frames: readonly Uint8Array[]): Promise<void> {
    if (this.isClosed) return;
    if (this.#socket.write(Buffer.concat(frames))) return;
    await Promise.race([once(this.#socket, 'drain').catch(() => {}), this.closed]);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
