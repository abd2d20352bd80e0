import { RostrumError } from './errors.js';

/** A store cannot be reached, refuses us, or does not answer. The message says why, in one line. */
export class StoreOutage extends Error {
  override readonly name: string = 'StoreOutage';
}

/** Whether a store is to blame. Such an error is logged in one line: its stack tells nothing. */
export function isOutage(error: unknown): error is Error {
  if (error instanceof RostrumError) return error.reason === 'STORE_UNAVAILABLE';
  return error instanceof StoreOutage;
}

/** What is wrong with the store, in one line. */
export function outageReason(error: Error): string {
  return error instanceof RostrumError ? failureReason(error.cause ?? error) : error.message;
}

/** What the error codes of a network mean. */
const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
};

/** What went wrong with a connection, in one line; `ECONNREFUSED` is kept for whoever looks it up. */
export function failureReason(error: unknown): string {
  // One for each address of the host.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return failureReason(error.errors[0]);
  }
  if (!(error instanceof Error)) return String(error);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return message;
  const words = NETWORK[code] ?? message;
  return words.includes(code) ? words : `${words} (${code})`;
}
