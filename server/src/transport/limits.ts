import { DEFAULT_CAP } from '../domain/allotment.js';

/** Limits of one server, with their defaults. Times are in milliseconds, sizes in bytes. */
export const DEFAULT_LIMITS = {
  maxReceiveMessageBytes: 4 * 1024 * 1024,
  maxConnections: 20_000,
  /** Handshakes in progress; beyond it the oldest is broken off. */
  maxHandshakes: 1_000,
  /** Calls, watches included, that one connection may have open. */
  maxConcurrentStreams: 1_000,
  /** A connection that shows no sign of life for this long is pinged. */
  keepaliveTimeMs: 30_000,
  /** A ping that is not answered within this time closes the connection. */
  keepaliveTimeoutMs: 10_000,
  /** Clients are asked to reconnect after this long, give or take a tenth. */
  maxConnectionAgeMs: 2 * 60 * 60 * 1000,
  /** How long the calls of such a connection may go on. */
  maxConnectionAgeGraceMs: 30 * 60 * 1000,
  /** How long a stream that has ended may take to send what is queued. */
  streamEndGraceMs: 5_000,
  /** How long a caller may take to read a unary answer of 16 KiB or more. */
  answerGraceMs: 60_000,
  /** Bytes of answers and messages that one connection may leave unread. */
  connectionUnsentBytes: 64 * 1024 * 1024,
  /** The same for all connections together. */
  totalUnsentBytes: 256 * 1024 * 1024,
  /** Bytes of incomplete requests that one connection may have sent. */
  connectionReceivedBytes: 64 * 1024 * 1024,
  /** The same for all connections together. */
  totalReceivedBytes: 256 * 1024 * 1024,
  /** How many of all connections one identity may have open. */
  identityConnections: DEFAULT_CAP,
};

export type GrpcLimits = Readonly<typeof DEFAULT_LIMITS>;
