import { RostrumError } from '../errors/rostrum-error.js';

/** What the failed attempts at one request leave open. */
export class Attempts {
  #mayBeDone = false;

  /** Whether the service may have done what was asked, though no attempt got an answer that says so. */
  get mayBeDone(): boolean {
    return this.#mayBeDone;
  }

  /** Notes what an attempt failed with. `sent`: whether it had a connection to be sent over. */
  noteFailure(failure: unknown, sent: boolean): void {
    if (sent) this.#mayBeDone = mayBeDoneAfter(failure, this.#mayBeDone);
  }

  /** Notes that an answer came, and that some of what was asked is done or may be. */
  noteDone(): void {
    this.#mayBeDone = true;
  }
}

/**
 * Whether a request may have been done whose latest attempt was sent and failed so.
 * @param before whether it may have been done by an earlier attempt
 */
export function mayBeDoneAfter(failure: unknown, before: boolean): boolean {
  if (!(failure instanceof RostrumError)) return true;
  // The service says that it did not begin.
  if (failure.reason === 'SHUTTING_DOWN') return before;
  switch (failure.code) {
    // The service refuses the request itself: an earlier attempt would have been refused as well.
    case 'INVALID_ARGUMENT':
    case 'NOT_FOUND':
    case 'ALREADY_EXISTS':
    case 'FAILED_PRECONDITION':
    case 'OUT_OF_RANGE':
    case 'UNIMPLEMENTED':
      return false;
    // Not admitted this time. An answer that is too large for this client has the same code.
    case 'RESOURCE_EXHAUSTED':
      return before || failure.reason === 'MESSAGE_TOO_LARGE';
    case 'PERMISSION_DENIED':
    case 'UNAUTHENTICATED':
      return before;
    default:
      return true;
  }
}

/**
 * Whether requests may have been done that were sent over a stream which ended so. Only what refuses
 * all of a stream at its beginning says that they were not.
 */
export function mayBeDoneAfterStream(failure: unknown): boolean {
  if (!(failure instanceof RostrumError)) return true;
  return !['PERMISSION_DENIED', 'UNAUTHENTICATED', 'UNIMPLEMENTED'].includes(failure.code);
}
