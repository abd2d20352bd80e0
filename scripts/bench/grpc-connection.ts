import type { Duplex } from 'node:stream';
import { HeaderEncoder, statusOf } from './hpack.ts';

/**
 * A gRPC client connection that does as little as possible for a call: HTTP/2 frames written and
 * read by hand, for a server on the same machine whose answers are well-formed.
 *
 * The client shares the machine's cores with the server it measures. One of `node:http2` takes
 * about as much time for a call as the server does, so that it would measure itself.
 */

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const FRAME_HEADER = 9;
const MAX_FRAME = 16_384;
const MAX_WINDOW = 2 ** 31 - 1;
const DEFAULT_WINDOW = 65_535;
/** Received bytes after which the server is told that it may send as many more. */
const REFILL = 2 ** 22;
const ARENA = 256 * 1024;

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const CONTINUATION = 9;

const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 32;

const SETTINGS_HEADER_TABLE_SIZE = 1;
const SETTINGS_ENABLE_PUSH = 2;
const SETTINGS_MAX_CONCURRENT_STREAMS = 3;
const SETTINGS_INITIAL_WINDOW_SIZE = 4;

/** Hears of one call. */
export interface CallListener {
  /** Bytes of the answer as they come: messages, each behind its 5-byte gRPC header. */
  data?(bytes: Buffer): void;
  /** The call is over. Status 0 is success; -1: the server reset the call. */
  end(status: number): void;
}

/** What the load needs of a connection, whichever client makes it. */
export interface LoadConnection {
  call(path: string, frame: Buffer, listener: CallListener): void;
  open(path: string, listener: CallListener): number;
  send(stream: number, frame: Buffer): void;
  halfClose(stream: number): void;
}

interface OpenCall {
  readonly listener: CallListener;
  /** How many bytes the server takes on this stream now. */
  window: number;
  /** What waits for that. */
  queue: Buffer[];
}

/** A message as gRPC frames it, ready to be sent. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

export class GrpcConnection implements LoadConnection {
  readonly #socket: Duplex;
  readonly #headers: HeaderEncoder;
  readonly #calls = new Map<number, OpenCall>();
  readonly #onBroken: (error: Error) => void;
  #nextStream = 1;
  #rest: Buffer | undefined;
  #received = 0;
  #window = DEFAULT_WINDOW;
  #streamWindow = DEFAULT_WINDOW;
  #maxCalls = Number.POSITIVE_INFINITY;
  /** Calls and stream messages that wait until the server lets them, in order. */
  readonly #blocked: (() => boolean)[] = [];
  #arena = Buffer.allocUnsafeSlow(ARENA);
  #arenaStart = 0;
  #arenaEnd = 0;
  #reading = false;
  #closed = false;

  constructor(socket: Duplex, scheme: 'http' | 'https', onBroken: (error: Error) => void) {
    this.#socket = socket;
    this.#headers = new HeaderEncoder(scheme, 'localhost');
    this.#onBroken = onBroken;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
    this.#greet();
  }

  /** Makes a unary call. @param frame see `grpcFrame`, at most 65,535 bytes; copied at once */
  call(path: string, frame: Buffer, listener: CallListener): void {
    if (this.#blocked.length === 0 && this.#sendCall(path, frame, listener)) {
      this.#flushSoon();
      return;
    }
    const copy = Buffer.from(frame);
    this.#blocked.push(() => this.#sendCall(path, copy, listener));
  }

  /** Opens a stream. @returns its number, for `send` and `halfClose` */
  open(path: string, listener: CallListener): number {
    const stream = this.#begin(path, listener);
    this.#flushSoon();
    return stream;
  }

  /** Sends one message of a stream. @param frame copied before this returns */
  send(stream: number, frame: Buffer): void {
    const call = this.#calls.get(stream);
    if (call === undefined) return;
    if (call.queue.length === 0 && this.#canSend(call, frame)) {
      this.#writeData(call, stream, frame, 0);
    } else {
      call.queue.push(Buffer.from(frame));
      this.#blocked.push(() => this.#sendQueued(stream));
    }
    this.#flushSoon();
  }

  /** Says that no more messages follow. Call it when all messages are answered. */
  halfClose(stream: number): void {
    this.#frameHeader(0, DATA, END_STREAM, stream);
    this.#flushSoon();
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onBroken(error);
  }

  #greet(): void {
    this.#write(PREFACE);
    // Without a dynamic table each header block of the server can be read on its own.
    const settings = [
      [SETTINGS_HEADER_TABLE_SIZE, 0],
      [SETTINGS_ENABLE_PUSH, 0],
      [SETTINGS_INITIAL_WINDOW_SIZE, MAX_WINDOW],
    ] as const;
    const payload = Buffer.alloc(6 * settings.length);
    settings.forEach(([id, value], index) => {
      payload.writeUInt16BE(id, 6 * index);
      payload.writeUInt32BE(value, 6 * index + 2);
    });
    this.#frameHeader(payload.length, SETTINGS, 0, 0);
    this.#write(payload);
    this.#enlargeWindow(MAX_WINDOW - DEFAULT_WINDOW);
    this.#flush();
  }

  #begin(path: string, listener: CallListener): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#calls.set(stream, { listener, window: this.#streamWindow, queue: [] });
    const block = this.#headers.encode(path);
    this.#frameHeader(block.length, HEADERS, END_HEADERS, stream);
    this.#write(block);
    return stream;
  }

  #sendCall(path: string, frame: Buffer, listener: CallListener): boolean {
    if (frame.length > this.#window || this.#calls.size >= this.#maxCalls) return false;
    const stream = this.#begin(path, listener);
    this.#writeData(this.#calls.get(stream) as OpenCall, stream, frame, END_STREAM);
    return true;
  }

  #canSend(call: OpenCall, frame: Buffer): boolean {
    return frame.length <= this.#window && frame.length <= call.window;
  }

  /** Sends what one stream has waiting; false if the windows do not let it. */
  #sendQueued(stream: number): boolean {
    const call = this.#calls.get(stream);
    const frame = call?.queue[0];
    if (call === undefined || frame === undefined) return true;
    if (!this.#canSend(call, frame)) return false;
    call.queue.shift();
    this.#writeData(call, stream, frame, 0);
    return true;
  }

  #writeData(call: OpenCall, stream: number, frame: Buffer, flags: number): void {
    this.#window -= frame.length;
    call.window -= frame.length;
    let at = 0;
    for (; frame.length - at > MAX_FRAME; at += MAX_FRAME) {
      this.#frameHeader(MAX_FRAME, DATA, 0, stream);
      this.#write(frame.subarray(at, at + MAX_FRAME));
    }
    this.#frameHeader(frame.length - at, DATA, flags, stream);
    this.#write(at === 0 ? frame : frame.subarray(at));
  }

  #enlargeWindow(by: number): void {
    this.#frameHeader(4, WINDOW_UPDATE, 0, 0);
    this.#reserve(4);
    this.#arenaEnd = this.#arena.writeUInt32BE(by, this.#arenaEnd);
  }

  #frameHeader(length: number, type: number, flags: number, stream: number): void {
    this.#reserve(FRAME_HEADER);
    const arena = this.#arena;
    const at = this.#arenaEnd;
    arena[at] = length >>> 16;
    arena[at + 1] = length >>> 8;
    arena[at + 2] = length;
    arena[at + 3] = type;
    arena[at + 4] = flags;
    arena.writeUInt32BE(stream, at + 5);
    this.#arenaEnd = at + FRAME_HEADER;
  }

  #write(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#arena.set(bytes, this.#arenaEnd);
    this.#arenaEnd += bytes.length;
  }

  /** Makes room in the arena: what was handed to the socket is not written again. */
  #reserve(length: number): void {
    if (this.#arenaEnd + length <= this.#arena.length) return;
    this.#flush();
    this.#arena = Buffer.allocUnsafeSlow(Math.max(ARENA, length));
    this.#arenaStart = 0;
    this.#arenaEnd = 0;
  }

  /** While a chunk is being read, all that it causes leaves together at its end. */
  #flushSoon(): void {
    if (!this.#reading) this.#flush();
  }

  #flush(): void {
    if (this.#arenaEnd === this.#arenaStart || this.#closed) return;
    this.#socket.write(this.#arena.subarray(this.#arenaStart, this.#arenaEnd));
    this.#arenaStart = this.#arenaEnd;
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    this.#reading = true;
    let at = 0;
    while (at + FRAME_HEADER <= bytes.length) {
      const length = bytes.readUIntBE(at, 3);
      const end = at + FRAME_HEADER + length;
      if (end > bytes.length) break;
      const stream = bytes.readUInt32BE(at + 5) & MAX_WINDOW;
      this.#frame(bytes[at + 3] as number, bytes[at + 4] as number, stream, bytes, at + 9, end);
      at = end;
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at);
    this.#reading = false;
    this.#flush();
  }

  #frame(
    type: number,
    flags: number,
    stream: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case DATA:
        this.#dataFrame(flags, stream, bytes, start, end);
        return;
      case HEADERS:
        if (flags & END_STREAM) this.#trailers(flags, stream, bytes.subarray(start, end));
        return;
      case RST_STREAM:
        this.#end(stream, -1);
        return;
      case SETTINGS:
        if (!(flags & ACK)) this.#settings(bytes.subarray(start, end));
        return;
      case PING:
        if (flags & ACK) return;
        this.#frameHeader(8, PING, ACK, 0);
        this.#write(bytes.subarray(start, end));
        return;
      case GOAWAY:
        this.#fail(new Error(`the server said GOAWAY (code ${bytes.readUInt32BE(start + 4)})`));
        return;
      case WINDOW_UPDATE:
        this.#windowUpdate(stream, bytes.readUInt32BE(start) & MAX_WINDOW);
        return;
      case CONTINUATION:
        this.#fail(new Error('a header block in several frames is not expected'));
    }
  }

  #dataFrame(flags: number, stream: number, bytes: Buffer, start: number, end: number): void {
    if (flags & PADDED) {
      this.#fail(new Error('padding is not expected'));
      return;
    }
    this.#received += end - start;
    if (this.#received >= REFILL) {
      this.#enlargeWindow(this.#received);
      this.#received = 0;
    }
    const { listener } = this.#calls.get(stream) ?? {};
    listener?.data?.(bytes.subarray(start, end));
  }

  #trailers(flags: number, stream: number, block: Buffer): void {
    if (!(flags & END_HEADERS) || flags & (PADDED | PRIORITY)) {
      this.#fail(new Error('this form of header block is not expected'));
      return;
    }
    this.#end(stream, statusOf(block));
  }

  #end(stream: number, status: number): void {
    const call = this.#calls.get(stream);
    this.#calls.delete(stream);
    call?.listener.end(status);
    this.#unblock();
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at < payload.length; at += 6) {
      const id = payload.readUInt16BE(at);
      const value = payload.readUInt32BE(at + 2);
      if (id === SETTINGS_MAX_CONCURRENT_STREAMS) this.#maxCalls = value;
      if (id !== SETTINGS_INITIAL_WINDOW_SIZE) continue;
      for (const call of this.#calls.values()) call.window += value - this.#streamWindow;
      this.#streamWindow = value;
    }
    this.#frameHeader(0, SETTINGS, ACK, 0);
  }

  #windowUpdate(stream: number, by: number): void {
    if (stream === 0) this.#window += by;
    else {
      const call = this.#calls.get(stream);
      if (call !== undefined) call.window += by;
    }
    this.#unblock();
  }

  #unblock(): void {
    let sent = 0;
    while (sent < this.#blocked.length && this.#blocked[sent]?.()) sent += 1;
    if (sent > 0) this.#blocked.splice(0, sent);
  }
}
