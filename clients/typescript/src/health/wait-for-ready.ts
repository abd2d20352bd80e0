import { requireKnownOptions } from '../errors/require-known-keys.js';
import { isRostrumError, RostrumError } from '../errors/rostrum-error.js';
import { Backoff } from '../transport/backoff.js';
import { CALL_OPTIONS, type CallOptions, deadlineAfter } from '../transport/call-options.js';
import type { Connection } from '../transport/connection.js';
import { healthCheck, WHOLE_SERVER } from '../transport/health-check.js';
import { sleep } from '../transport/sleep.js';
import { callUnary } from '../transport/unary.js';

/**
 * Waits until the server says that it serves.
 * @throws CONNECTION_FAILED, SERVER_NOT_READY when the deadline (default: the client's) passes;
 * at once: CERTIFICATE_REFUSED, IDENTITY_MISSING, CLIENT_CLOSED, INVALID_OPTIONS, the signal's reason
 */
export async function waitForReady(connection: Connection, options: CallOptions): Promise<void> {
  requireKnownOptions(CALL_OPTIONS, options);
  const { settings } = connection;
  const { signal } = options;
  const deadline = deadlineAfter(options.deadlineMs ?? settings.defaultDeadlineMs);
  const backoff = new Backoff(settings.retry);
  let status: string | undefined;
  const notReady = (): RostrumError => {
    const message = `the server at ${settings.address} answers, and does not serve yet (${status})`;
    return new RostrumError('UNAVAILABLE', 'SERVER_NOT_READY', message);
  };
  for (;;) {
    const deadlineMs = deadline - Date.now();
    try {
      status = await callUnary(connection, healthCheck, WHOLE_SERVER, 'freely', {
        deadlineMs,
        signal,
      });
    } catch (error) {
      // A server without the health service is reached all the same.
      if (isRostrumError(error) && error.code === 'UNIMPLEMENTED') return;
      // The deadline may pass within a later question: what was answered before still holds.
      const tooLate = isRostrumError(error) && error.reason === 'DEADLINE_EXCEEDED';
      throw tooLate && status !== undefined ? notReady() : error;
    }
    if (status === 'SERVING') return;
    const waitMs = backoff.next();
    if (Date.now() + waitMs >= deadline) throw notReady();
    await sleep(waitMs, signal, connection.closing);
  }
}
