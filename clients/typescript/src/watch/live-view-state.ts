import type { RostrumError } from '../errors/rostrum-error.js';

/**
 * What a live view is doing:
 *
 * - `connecting`: it has no standings yet.
 * - `live`: what it shows is what the server last told.
 * - `interrupted`: the watch was lost and is being resumed; what the view shows may be old.
 * - `closed`: it is over, and what it shows does not change any more. Without an `error` it was
 *   closed by `close` or by leaving its loop.
 */
export type LiveViewState =
  | { readonly status: 'connecting'; readonly error?: undefined }
  | { readonly status: 'live'; readonly error?: undefined }
  | {
      readonly status: 'interrupted';
      /** What was lost, and why. */
      readonly error: RostrumError;
      /** When it was lost. */
      readonly since: Date;
    }
  | {
      readonly status: 'closed';
      /** A RostrumError, the reason of the signal, or what a listener threw. */
      readonly error: unknown;
    };
