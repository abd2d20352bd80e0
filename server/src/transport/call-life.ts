import grpc from '@grpc/grpc-js';
import { RostrumError } from '../domain/errors.js';
import type { Status } from '../gen/google/rpc/status.js';
import { authorize } from './authorization.js';
import type { CallContext } from './call-context.js';
import type { Connection } from './connections.js';
import { CallCancelled, shuttingDown, toRostrumError, toServiceError, toStatus } from './errors.js';
import type { Identity } from './identity.js';
import { releaseCall, resetCall, sentCode } from './internals/call-stream.js';
import type { Method } from './method.js';
import { requireDecoded } from './service-definition.js';

/** An answer of this size is dropped if its caller takes too long to read it. */
const WATCHED_ANSWER_BYTES = 16 * 1024;

/** Roughly what grpc-js and Node keep for an answer besides its bytes. */
const OVERHEAD_BYTES = 512;

/** What is used here of a grpc-js call of any kind. */
export interface Call {
  /** Of a call with one request. */
  readonly request?: unknown;
  getPeer(): string;
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
  emit(event: 'error', status: Partial<grpc.StatusObject>): unknown;
  /** Of a call that is answered with a stream. */
  end?(): unknown;
}

/** Answers a unary call of grpc-js. */
export type Answer = (
  status: Partial<grpc.StatusObject> | null,
  bytes?: Buffer,
  trailers?: typeof NO_TRAILERS,
) => void;

/** Saves grpc-js from making a `Metadata`, with its Map, for each answer. */
const NO_TRAILERS = { clone: () => NO_TRAILERS, toHttp2Headers: () => NO_HEADERS };
const NO_HEADERS = {};

/**
 * The life of one call of any kind. This is the only place that lets calls in, counts them and ends
 * them:
 *
 *     open ── end or fail ──▶ ended ── the status is out, or the caller gone ──▶ over
 *       └──────────── the caller leaves, or its deadline passes ────────────────▲
 *
 * - It is *open* from the start. One that is not admitted fails at once, before its handler runs.
 * - It *ends* once: the first end decides, later ones do nothing. A call that goes from open to over
 *   was ended by its caller, or by grpc-js, whose status then counts.
 * - It is *counted* once, as it ends: its gRPC code and, if it is unary, how long it took.
 * - It *holds* unread bytes, a timer and a listener for the shutdown. All are released once, when the
 *   call is over. grpc-js emits `cancelled` then, however the call ended.
 *
 * A rate limit belongs in `#admit`. Metrics and traces begin where the constructor counts the call as
 * opened, and end in `#count`.
 */
export class CallLife implements CallContext {
  readonly #connection: Connection | undefined;
  readonly #startMs = performance.now();
  #state: 'open' | 'ended' | 'over' = 'open';
  #code: grpc.status = grpc.status.OK;
  #unsent = 0;
  #grace: NodeJS.Timeout | undefined;
  #abort: AbortController | undefined;
  #overListeners: (() => void)[] | undefined;

  /** @param answer of a unary call; the others are streams and are written to */
  constructor(
    private readonly call: Call,
    readonly method: Method,
    private readonly answer: Answer | undefined,
  ) {
    this.#connection = method.environment.connections.find(call.getPeer());
    method.stats.opened();
    call.on('cancelled', () => this.#over());
    try {
      this.#admit();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Only for a call that was admitted. */
  get connection(): Connection {
    return this.#connection as Connection;
  }

  get identity(): Identity {
    return this.connection.identity as Identity;
  }

  get deadline(): number {
    return Number(this.call.getDeadline());
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  get cancelled(): boolean {
    return this.isOver;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.isOver) this.#abortUnlessOk();
    }
    return this.#abort.signal;
  }

  toStatus(error: unknown): Status {
    return toStatus(this.#shown(error));
  }

  /**
   * Admits the call if the caller's role suffices, the server is not shutting down, somebody still
   * waits for the answer and reads what was sent before, and the request is a message.
   *
   * @throws IDENTITY_MISSING, ROLE_NOT_ALLOWED, SHUTTING_DOWN, DEADLINE_EXCEEDED, OVERLOADED,
   * INVALID_FIELD
   */
  #admit(): void {
    const { role, environment } = this.method;
    authorize(this.#connection, role);
    if (environment.draining) throw shuttingDown();
    if (this.deadline <= Date.now()) {
      throw new RostrumError('DEADLINE_EXCEEDED', 'the deadline passed before the work began');
    }
    if (environment.unsent.isFull(this.connection)) throw this.#overloaded();
    requireDecoded(this.call.request);
  }

  /**
   * Takes room for a message of `bytes` until it has been sent, for a call that is not over. A peer
   * that does not read, or keeps its flow-control window shut, makes the process hold every answer:
   * Node's `maxSessionMemory` does not count what waits in streams for a window. Beyond a limit,
   * answers are replaced by OVERLOADED, which needs no window.
   *
   * @returns what to give to `release` when the message was sent; the rest is released with the call
   * @throws OVERLOADED
   */
  hold(bytes: number): number {
    const size = bytes + OVERHEAD_BYTES;
    const { unsent } = this.method.environment;
    if (!unsent.take(this.connection, size)) throw this.#overloaded();
    this.#unsent += size;
    return size;
  }

  release(size: number): void {
    if (this.isOver) return;
    this.#unsent -= size;
    this.method.environment.unsent.release(this.connection, size);
  }

  #overloaded(): RostrumError {
    const { of: identity, unsentBytes } = this.connection;
    identity.refuse('unsentBytes');
    return new RostrumError(
      'OVERLOADED',
      'this connection, or its identity, leaves as many bytes of answers unread as the server keeps; read them, or ask for less at a time',
      { metadata: { unread_bytes: String(unsentBytes) }, retryAfterMs: 1_000 },
    );
  }

  /** Calls `listener` once when the call is over; at once if it already is. */
  onOver(listener: () => void): void {
    if (this.isOver) listener();
    else if (this.#overListeners === undefined) this.#overListeners = [listener];
    else this.#overListeners.push(listener);
  }

  /** Calls `listener` when the server begins to shut down, until the call is over. */
  onDrain(listener: () => void): void {
    const { drainListeners } = this.method.environment;
    drainListeners.add(listener);
    this.onOver(() => drainListeners.delete(listener));
  }

  /** Ends the call with anything thrown. A fault is logged even if nobody waits for the answer. */
  fail(error: unknown): void {
    if (error instanceof CallCancelled && !this.isOpen) return;
    const shown = this.#shown(error);
    if (this.isOpen) this.end(toServiceError(shown));
  }

  /**
   * Ends the call: with OK (null), with its answer if it is unary, or with an error. What is queued
   * goes out first, then the status. If the caller does not read them within the grace time, the call
   * is reset. The caller sees RESOURCE_EXHAUSTED then (UNAVAILABLE if that was the error), without
   * details, because HTTP/2 cannot send a status past a full window.
   */
  end(status: Partial<grpc.StatusObject> | null, answer?: Buffer): void {
    if (!this.isOpen) return;
    const { environment, path } = this.method;
    this.#state = 'ended';
    this.#count(status === null ? grpc.status.OK : (status.code ?? grpc.status.UNKNOWN));
    try {
      if (this.answer !== undefined)
        this.answer(status, answer, status === null ? NO_TRAILERS : undefined);
      else if (status !== null) this.call.emit('error', status);
      else this.call.end?.();
    } catch (fault) {
      // After an await nobody else catches it, and it would end the process.
      environment.log.error({ method: path, err: fault }, 'call failed');
    }
    if (this.answer === undefined) this.#resetAfter(environment.limits.streamEndGraceMs);
    else if (answer !== undefined && answer.byteLength >= WATCHED_ANSWER_BYTES) {
      this.#resetAfter(environment.limits.answerGraceMs);
    }
  }

  #resetAfter(graceMs: number): void {
    const reset = () => resetCall(this.call, this.#connection, this.#code);
    this.#grace = setTimeout(reset, graceMs).unref();
  }

  #over(): void {
    const { environment, requestStream } = this.method;
    if (this.isOpen) this.#count(sentCode(this.call) ?? grpc.status.CANCELLED);
    this.#state = 'over';
    if (this.#unsent > 0) environment.unsent.release(this.connection, this.#unsent);
    if (this.#grace !== undefined) clearTimeout(this.#grace);
    this.#abortUnlessOk();
    if (this.#overListeners !== undefined) for (const listener of this.#overListeners) listener();
    if (requestStream) {
      // The caller may leave its side open. Closing it at once would overtake the status.
      setTimeout(() => releaseCall(this.call), environment.limits.streamEndGraceMs).unref();
    }
  }

  #count(code: grpc.status): void {
    this.#code = code;
    const tookMs = this.answer === undefined ? undefined : performance.now() - this.#startMs;
    this.method.stats.ended(code, tookMs);
  }

  #abortUnlessOk(): void {
    if (this.#code !== grpc.status.OK) this.#abort?.abort(new CallCancelled());
  }

  /** The error as callers may see it. The rest of it is logged. */
  #shown(error: unknown): RostrumError {
    return toRostrumError(error, this.method.path, this.method.environment.log);
  }
}
