import { type ClientDuplexStream, type ClientReadableStream, Metadata } from '@grpc/grpc-js';
import type { ClientSettings } from '../client-options.js';
import { errorFromCall } from '../errors/error-conversion.js';
import { requireWellFormed } from '../errors/require-well-formed.js';
import { clientClosed, messageTooLarge, RostrumError } from '../errors/rostrum-error.js';
import type { Attempts } from './attempts.js';
import { Channel } from './channel.js';
import { cannotReach, cannotReachAgain, type Diagnosis, diagnose, ownExpiry } from './diagnosis.js';
import { StreamChannels } from './stream-channels.js';

/** The part of a generated method definition that a client needs. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (response: Buffer) => Response;
}

interface Cancellable {
  cancel(): void;
}

/** What the service takes. A larger request is not sent: in a stream it would end the stream. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
/** So many doubtful diagnoses in a row count as certain: a dying server does not do that. */
const CERTAIN_AFTER = 3;
const NOT_CONNECTED = /No connection established\. Last error: .*?\b(E[A-Z]{4,}|EAI_AGAIN)\b/s;
/** What grpc-js says of a connection that the server closed after the handshake, and before anything came of it. */
const TURNED_AWAY =
  /No connection established\. Last error: (?:Failed to connect|.*\bECONNRESET)\b/;
const DIAGNOSIS_TTL_MS = 200;

/**
 * All connections of one client: makes single attempts at calls and ends them all when it is closed.
 * Unary calls share one channel; streams get further ones when there are many.
 */
export class Connection {
  readonly settings: ClientSettings;
  readonly #channel: Channel;
  readonly #streams: StreamChannels<Channel>;
  readonly #calls = new Set<Cancellable>();
  /** What `close` waits for beside the calls. */
  readonly #users = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #allEnded: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #answered = false;
  #diagnosis: Promise<Diagnosis | undefined> | undefined;
  #doubts = 0;

  constructor(settings: ClientSettings) {
    this.settings = settings;
    this.#channel = new Channel(settings);
    this.#streams = new StreamChannels(this.#channel, () => new Channel(settings));
  }

  /** Aborts when `close` is called. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Encodes a request. @throws INVALID_FIELD when it cannot be encoded as it is, MESSAGE_TOO_LARGE */
  encode<Request>(method: Method<Request, unknown>, request: Request): Buffer {
    const payload = this.#serialize(method, request);
    requireWellFormed(request, payload);
    if (payload.length <= MAX_REQUEST_BYTES) return payload;
    throw messageTooLarge('the request is not sent', payload.length, MAX_REQUEST_BYTES);
  }

  #serialize<Request>(method: Method<Request, unknown>, request: Request): Buffer {
    try {
      return method.requestSerialize(request);
    } catch (cause) {
      const text = `the request cannot be encoded: ${(cause as Error).message}`;
      throw new RostrumError('INVALID_ARGUMENT', 'INVALID_FIELD', text, { cause });
    }
  }

  /**
   * Makes one attempt at a unary call, and notes in `attempts` what its failure leaves open.
   * `deadline` is in milliseconds since 1970. Rejects with a RostrumError, or with the signal's reason.
   */
  attempt<Response>(
    method: Method<never, Response>,
    payload: Buffer,
    deadline: number,
    signal: AbortSignal | undefined,
    attempts?: Attempts,
  ): Promise<Response> {
    if (signal?.aborted || this.closing.aborted)
      return Promise.reject(this.failure(undefined, signal));
    return new Promise((resolve, reject) => {
      const call = this.#channel.client.makeUnaryRequest(
        method.path,
        identity,
        method.responseDeserialize,
        payload,
        new Metadata(),
        { deadline },
        (error, response) => {
          signal?.removeEventListener('abort', cancel);
          this.#ended(call);
          if (error) {
            const failure = this.failure(error, signal);
            attempts?.noteFailure(failure, this.wasSent(call));
            reject(failure);
          } else {
            this.#answered = true;
            resolve(response as Response);
          }
        },
      );
      const cancel = (): void => call.cancel();
      signal?.addEventListener('abort', cancel);
      this.#calls.add(call);
    });
  }

  /**
   * Opens a stream of responses; `deadline` is in milliseconds since 1970.
   * @throws CLIENT_CLOSED, INVALID_FIELD, MESSAGE_TOO_LARGE
   */
  openServerStream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    deadline: number | undefined,
  ): ClientReadableStream<Response> {
    if (this.closing.aborted) throw clientClosed();
    const payload = this.encode(method, request);
    const { path, responseDeserialize } = method;
    const options = deadline === undefined ? {} : { deadline };
    return this.#openStream(({ client }) =>
      client.makeServerStreamRequest(path, identity, responseDeserialize, payload, options),
    );
  }

  /** Opens a stream in both directions; requests are given encoded. @throws CLIENT_CLOSED */
  openDuplexStream<Response>(
    method: Method<never, Response>,
  ): ClientDuplexStream<Buffer, Response> {
    if (this.closing.aborted) throw clientClosed();
    const { path, responseDeserialize } = method;
    return this.#openStream(({ client }) =>
      client.makeBidiStreamRequest(path, identity, responseDeserialize),
    );
  }

  /** Whether a call got a connection to be sent over. */
  wasSent(call: { getPeer(): string }): boolean {
    return this.#channel.wasSent(call);
  }

  /** Whether there is a connection for unary calls now; begins to connect if there is none. */
  isReady(): boolean {
    return !this.closing.aborted && this.#channel.isReady();
  }

  /** What to reject a failed call with; errors of grpc-js become RostrumErrors. */
  failure(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    if (this.closing.aborted) return clientClosed();
    if (!isCallStatus(error)) return error;
    const converted = errorFromCall(error);
    if (converted.reason !== 'CONNECTION_FAILED' && converted.reason !== 'DEADLINE_EXCEEDED') {
      this.#answered = true;
    }
    if (converted.reason !== 'CONNECTION_FAILED') return converted;
    // grpc-js tells of a connection that it could not make in terms of its parts.
    const { address } = this.settings;
    if (this.#isTurnedAway(error)) return cannotReachAgain(address, error);
    const [, code] = NOT_CONNECTED.exec(error.details) ?? [];
    return code === undefined ? converted : cannotReach(address, code, error);
  }

  /** Notes that the server let this client in. */
  noteAnswer(): void {
    this.#answered = true;
  }

  /**
   * Finds out why a connection fails that never worked, or that this client's certificate has expired
   * since. Undefined when it cannot be told. `permanent` means that no retry can mend it.
   */
  async explain(): Promise<{ error: RostrumError; permanent: boolean } | undefined> {
    if (this.closing.aborted) return undefined;
    if (this.#answered) {
      const error = ownExpiry(this.settings);
      return error && { error, permanent: false };
    }
    if (!this.#diagnosis) {
      this.#diagnosis = diagnose(this.settings, this.closing).then((diagnosis) => {
        this.#doubts = diagnosis?.mendable === 'doubtful' ? this.#doubts + 1 : 0;
        setTimeout(() => {
          this.#diagnosis = undefined;
        }, DIAGNOSIS_TTL_MS).unref();
        return diagnosis;
      });
    }
    const diagnosis = await this.#diagnosis;
    if (!diagnosis) return undefined;
    const { error, mendable } = diagnosis;
    return { error, permanent: mendable === 'no' || this.#doubts >= CERTAIN_AFTER };
  }

  /** Makes `close` wait for what uses the connection and ends by itself when that begins. */
  waitOnClose(ended: Promise<void>): void {
    this.#users.add(ended);
    const forget = (): boolean => this.#users.delete(ended);
    ended.then(forget, forget);
  }

  /** Cancels every call and stream, and resolves when all have ended, and what was said to wait for. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    for (const call of this.#calls) call.cancel();
    if (this.#calls.size > 0) {
      await new Promise<void>((resolve) => {
        this.#allEnded = resolve;
      });
    }
    this.#streams.close();
    this.#channel.close();
    await Promise.allSettled(this.#users);
  }

  #openStream<Stream extends ClientReadableStream<unknown>>(
    open: (channel: Channel) => Stream,
  ): Stream {
    const place = this.#streams.take();
    const stream = open(place.channel);
    this.#calls.add(stream);
    stream.once('status', (status) => {
      if (this.#isTurnedAway(status)) place.noteRefusal();
      place.leave();
      this.#ended(stream);
    });
    return stream;
  }

  /** Whether the server takes no further connection, while the one of unary calls stands. */
  #isTurnedAway({ details }: { readonly details: string }): boolean {
    return this.#streams.hasFurther && TURNED_AWAY.test(details) && this.isReady();
  }

  #ended(call: Cancellable): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#allEnded?.();
  }
}

const identity = (payload: Buffer): Buffer => payload;

interface CallStatusError {
  readonly code: number;
  readonly details: string;
}

function isCallStatus(error: unknown): error is CallStatusError {
  return (
    error instanceof Error &&
    'details' in error &&
    'code' in error &&
    typeof error.code === 'number' &&
    typeof error.details === 'string'
  );
}
