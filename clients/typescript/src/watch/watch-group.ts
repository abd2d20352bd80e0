import { refuseField } from '../errors/refuse-field.js';
import { requireKnownOptions } from '../errors/require-known-keys.js';
import { WatchServiceService as methods } from '../gen/rostrum/v1/watch.js';
import type { Connection } from '../transport/connection.js';
import { LiveView } from './live-view.js';
import { resumeWatch } from './resume.js';
import {
  type ChangesMessage,
  type LiveViewRequest,
  type StandingsEvent,
  WATCH_OPTIONS,
  type WatchChangesRequest,
  type WatchOptions,
  type WatchStandingsRequest,
} from './watch.js';
import {
  fromWatchChangesMessage,
  fromWatchStandingsMessage,
  toWatchChangesMessage,
  toWatchStandingsMessage,
} from './watch-conversion.js';

/**
 * Streams the changes of rankings. Watches have no deadline; a lost one is resumed where it was,
 * also across restarts of the server. The loop decides the pace: while it is busy nothing is read,
 * and the server sends fewer, larger steps. Leaving the loop ends the watch.
 */
export class WatchGroup {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Watches a view of a ranking: a snapshot first, then how it changes. Applying the events in order
   * gives exactly what a read at that revision would answer; `liveView` does that for you.
   * @throws INVALID_FIELD, INVALID_RESUME_TOKEN (for the request's own token),
   * LEADERBOARD_NOT_FOUND, TOO_MANY_WATCHES; CONNECTION_FAILED when the first connection cannot be
   * made within the client's default deadline; INVALID_OPTIONS; the signal's reason
   */
  async *standings(
    request: WatchStandingsRequest,
    options: WatchOptions = {},
  ): AsyncGenerator<StandingsEvent, void, undefined> {
    requireKnownOptions(WATCH_OPTIONS, options);
    const watch = {
      method: methods.watchStandings,
      request: (token: string) => toWatchStandingsMessage(request, token),
      resumeToken: request.resumeToken ?? '',
      restartable: true,
    };
    for await (const { message, restarted } of resumeWatch(this.#connection, watch, options)) {
      const event = fromWatchStandingsMessage(message);
      yield restarted && event.type === 'snapshot' ? { ...event, reset: true } : event;
    }
  }

  /**
   * Watches every change of a ranking in revision order, each exactly once after the request's
   * resume token. Without a token the first message marks where the watch starts.
   * @throws as `standings`, and RESUME_TOKEN_EXPIRED when changes after the last token are no
   * longer retained: read the standings anew and watch without a token
   */
  async *changes(
    request: WatchChangesRequest,
    options: WatchOptions = {},
  ): AsyncGenerator<ChangesMessage, void, undefined> {
    requireKnownOptions(WATCH_OPTIONS, options);
    const watch = {
      method: methods.watchChanges,
      request: (token: string) => toWatchChangesMessage(request, token),
      resumeToken: request.resumeToken ?? '',
      restartable: false,
    };
    for await (const { message } of resumeWatch(this.#connection, watch, options)) {
      yield fromWatchChangesMessage(message);
    }
  }

  /**
   * Watches a view and keeps its current standings at hand.
   * @throws INVALID_FIELD, INVALID_OPTIONS for what the types forbid; its loop as `standings`
   */
  liveView(request: LiveViewRequest, options: WatchOptions = {}): LiveView {
    requireLiveView(request, options);
    const watch = (own: WatchOptions) => this.standings(request, own);
    return new LiveView(this.#connection, watch, options);
  }
}

/** @throws INVALID_FIELD, INVALID_OPTIONS for what the types of `liveView` forbid */
export function requireLiveView(request: LiveViewRequest, options: WatchOptions): void {
  requireKnownOptions(WATCH_OPTIONS, options);
  toWatchStandingsMessage(request, '');
  if (request.resumeToken !== undefined) {
    const description =
      'a live view begins with a snapshot and resumes by itself: leave it out, or go on after it with watch.standings';
    throw refuseField('resumeToken', description);
  }
}
