import grpc from '@grpc/grpc-js';

const GRPC_HEADER = 5;

/** Hears of one call. */
export interface CallListener {
  /** Bytes of the answer as they come: messages, each behind its 5-byte gRPC header. */
  data?(bytes: Buffer): void;
  /** The call is over. Status 0 is success. */
  end(status: number): void;
}

/** A message as gRPC frames it. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(GRPC_HEADER + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, GRPC_HEADER);
  return frame;
}

/**
 * A connection of the gRPC library that callers in Node use. Messages are bytes already, so its cost
 * is that of the library and no more.
 */
export class LibraryConnection {
  readonly #client: grpc.Client;
  readonly #streams = new Map<number, grpc.ClientDuplexStream<Buffer, Buffer>>();
  #nextStream = 1;

  /** @param tls PEM; undefined for plaintext */
  constructor(
    address: string,
    tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer } | undefined,
  ) {
    const credentials =
      tls === undefined
        ? grpc.credentials.createInsecure()
        : grpc.credentials.createSsl(tls.ca, tls.key, tls.cert);
    this.#client = new grpc.Client(address, credentials, {
      'grpc.enable_channelz': 0,
      'grpc.enable_retries': 0,
      // Clients of the same address would otherwise share one connection.
      'grpc.use_local_subchannel_pool': 1,
      ...(tls && { 'grpc.ssl_target_name_override': 'localhost' }),
    });
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + 10_000, (error) =>
        error === undefined ? resolve() : reject(error),
      );
    });
  }

  call(path: string, frame: Buffer, listener: CallListener): void {
    this.#client.makeUnaryRequest(path, identity, identity, unframed(frame), (error, answer) => {
      if (answer !== undefined) listener.data?.(grpcFrame(answer));
      listener.end(error === null ? 0 : error.code);
    });
  }

  open(path: string, listener: CallListener): number {
    const id = this.#nextStream++;
    const stream = this.#client.makeBidiStreamRequest(path, identity, identity);
    this.#streams.set(id, stream);
    stream.on('data', (answer: Buffer) => listener.data?.(grpcFrame(answer)));
    stream.on('error', () => {});
    stream.on('status', (status) => {
      this.#streams.delete(id);
      listener.end(status.code);
    });
    return id;
  }

  send(stream: number, frame: Buffer): void {
    this.#streams.get(stream)?.write(unframed(frame));
  }

  halfClose(stream: number): void {
    this.#streams.get(stream)?.end();
  }

  close(): void {
    this.#client.close();
  }
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}

/** A copy: the library sends later, and the frame is written over for the next call. */
function unframed(frame: Buffer): Buffer {
  return Buffer.from(frame.subarray(GRPC_HEADER));
}
