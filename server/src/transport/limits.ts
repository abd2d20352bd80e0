import { type Cap, DEFAULT_CAP } from '../domain/allotment.js';

/** Limits of one server. Times are in milliseconds, sizes in bytes. */
export interface GrpcLimits {
  readonly maxReceiveMessageBytes: number;
  readonly maxConnections: number;
  /** Handshakes that may be under way; beyond it the oldest is broken off. */
  readonly maxHandshakes: number;
  /** Calls, watches included, that one connection may have open. */
  readonly maxConcurrentStreams: number;
  /** After this long without a sign of life a connection is pinged. */
  readonly keepaliveTimeMs: number;
  /** A ping that is not answered within this closes the connection. */
  readonly keepaliveTimeoutMs: number;
  /** Connections are asked to be made anew after this long, give or take a tenth. */
  readonly maxConnectionAgeMs: number;
  /** How long the calls of such a connection may go on. */
  readonly maxConnectionAgeGraceMs: number;
  /** How long a stream that was ended may take to hand over what is queued. */
  readonly streamEndGraceMs: number;
  /** How long a caller may take to read a unary answer of 16 KiB and more. */
  readonly answerGraceMs: number;
  /** Bytes of answers and messages that one connection may leave unread. */
  readonly connectionUnsentBytes: number;
  /** The same for all connections together. */
  readonly totalUnsentBytes: number;
  /** Bytes that one connection may have sent of requests that are not complete. */
  readonly connectionReceivedBytes: number;
  /** The same for all connections together. */
  readonly totalReceivedBytes: number;
  /** How many of all connections one identity may have open. */
  readonly identityConnections: Cap;
}

export const DEFAULT_LIMITS: GrpcLimits = {
  maxReceiveMessageBytes: 4 * 1024 * 1024,
  maxConnections: 20_000,
  maxHandshakes: 1_000,
  maxConcurrentStreams: 1_000,
  keepaliveTimeMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  maxConnectionAgeMs: 2 * 60 * 60 * 1000,
  maxConnectionAgeGraceMs: 30 * 60 * 1000,
  streamEndGraceMs: 5_000,
  answerGraceMs: 60_000,
  connectionUnsentBytes: 64 * 1024 * 1024,
  totalUnsentBytes: 256 * 1024 * 1024,
  connectionReceivedBytes: 64 * 1024 * 1024,
  totalReceivedBytes: 256 * 1024 * 1024,
  identityConnections: DEFAULT_CAP,
};
