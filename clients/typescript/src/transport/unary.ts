import { requireKnownOptions } from '../errors/require-known-keys.js';
import { RostrumError } from '../errors/rostrum-error.js';
import type { Attempts } from './attempts.js';
import { Backoff } from './backoff.js';
import { CALL_OPTIONS, type CallOptions, deadlineAfter } from './call-options.js';
import type { Connection, Method } from './connection.js';
import { healthCheck, WHOLE_SERVER } from './health-check.js';
import { type Repeatable, retryWaitMs } from './retry-decision.js';
import { sleep } from './sleep.js';

/**
 * Makes a unary call, and tries again until its deadline where that can help. `attempts` then says what
 * a failure leaves open.
 *
 * Rejects with the signal's reason when that aborts, otherwise with a RostrumError: INVALID_OPTIONS
 * for options that do not exist, the last failure, or DEADLINE_EXCEEDED (with the failure before it as its cause) when an attempt did not
 * end in time.
 */
export async function callUnary<Request, Response>(
  connection: Connection,
  method: Method<Request, Response>,
  request: Request,
  repeatable: Repeatable,
  options: CallOptions = {},
  attempts?: Attempts,
): Promise<Response> {
  requireKnownOptions(CALL_OPTIONS, options);
  const { settings } = connection;
  const { signal } = options;
  const deadline = deadlineAfter(options.deadlineMs ?? settings.defaultDeadlineMs);
  const payload = connection.encode(method, request);
  let backoff: Backoff | undefined;
  let lastFailure: RostrumError | undefined;
  for (let attempt = 1; ; attempt++) {
    let failure: RostrumError;
    try {
      if (repeatable === 'once') await ensureConnected(connection, deadline, signal);
      return await connection.attempt(method, payload, deadline, signal, attempts);
    } catch (error) {
      if (!(error instanceof RostrumError)) throw error;
      failure = error;
    }
    if (failure.code === 'DEADLINE_EXCEEDED')
      throw await outOfTime(connection, failure, lastFailure);
    const leastMs = retryWaitMs(failure, repeatable);
    if (failure.reason === 'CONNECTION_FAILED') {
      const explained = await connection.explain();
      failure = explained?.error ?? failure;
      if (explained?.permanent) throw failure;
    }
    if (leastMs === undefined || attempt >= settings.retry.maxAttempts) throw failure;
    backoff ??= new Backoff(settings.retry);
    const waitMs = backoff.next(leastMs);
    if (Date.now() + waitMs >= deadline) throw failure;
    lastFailure = failure;
    await sleep(waitMs, signal, connection.closing);
  }
}

/**
 * Sees to it that a call which must not be sent twice is not sent into a connection that may turn
 * out to be dead: from then on, a lost connection means that the call may have arrived.
 */
async function ensureConnected(
  connection: Connection,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (connection.isReady()) return;
  try {
    await callUnary(connection, healthCheck, WHOLE_SERVER, 'freely', {
      deadlineMs: deadline - Date.now(),
      signal,
    });
  } catch (error) {
    // Whatever a server answers, it has been reached, and the call itself will tell the rest.
    if (!connection.isReady()) throw error;
  }
}

async function outOfTime(
  connection: Connection,
  failure: RostrumError,
  lastFailure: RostrumError | undefined,
): Promise<RostrumError> {
  // The last attempt waited in vain for a connection.
  if (lastFailure?.reason === 'CONNECTION_FAILED' && !connection.isReady()) return lastFailure;
  // The service says as little about what was recorded as this last attempt does, and says why.
  if (
    lastFailure?.reason === 'STORE_UNAVAILABLE' ||
    lastFailure?.reason === 'CERTIFICATE_REFUSED'
  ) {
    return lastFailure;
  }
  if (lastFailure) {
    const message = `${failure.message}; the attempt before it: ${lastFailure.message}`;
    return new RostrumError(failure.code, failure.reason, message, { cause: lastFailure });
  }
  // A server that never answered: say what is wrong with it rather than that time ran out.
  return (await connection.explain())?.error ?? failure;
}
