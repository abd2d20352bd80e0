import type { Caller } from '../../../domain/caller.js';
import type { WatchServiceServer } from '../../../gen/rostrum/v1/watch.js';
import type { ServerStream } from '../../../transport/server-stream.js';
import {
  type ServerStreamingHandler,
  serverStreaming,
} from '../../../transport/server-streaming.js';
import { toSelector } from '../../../wire/ranking-selector.js';
import type { RankingDirectory } from '../../directory/ports.js';
import type { WatchStream } from '../ports.js';
import type { WatchHub } from '../watch-hub.js';
import { toFilter, toIntervalMs, toViewSpec } from './request-conversion.js';

/** A view's watcher that is not read gets one merged message when it is, not a queue of old ones. */
const UNSENT_VIEW_MESSAGES = 1;
/** The feed merges nothing, so a few pages may wait; they are shared between watchers. */
const UNSENT_FEED_MESSAGES = 4;

export { WatchServiceService as watchServiceDefinition } from '../../../gen/rostrum/v1/watch.js';

/** `rostrum.v1.WatchService`. */
export function watchService(directory: RankingDirectory, hub: WatchHub): WatchServiceServer {
  return {
    watchStandings: untilClosed(async (request, stream, { connection }) => {
      const spec = toViewSpec(request.view);
      request.view = undefined;
      const intervalMs = toIntervalMs(request.minInterval);
      const selector = toSelector(request);
      const ranking = await directory.resolve(selector, connection);
      const out = watchStream(stream, connection, UNSENT_VIEW_MESSAGES);
      hub.watchStandings({ ranking, selector }, spec, intervalMs, request.resumeToken, out);
    }),
    watchChanges: untilClosed(async (request, stream, { connection }) => {
      const players = toFilter(request);
      request.playerIds = [];
      const selector = toSelector(request);
      const ranking = await directory.resolve(selector, connection);
      const out = watchStream(stream, connection, UNSENT_FEED_MESSAGES);
      hub.watchChanges({ ranking, selector }, players, request.resumeToken, out);
    }),
  };
}

/**
 * Keeps nothing of the request while the stream is open. grpc-js holds the message until then, so `open`
 * empties it: lists of players would take gigabytes, however many watch the same view.
 */
function untilClosed<Req, Res>(open: ServerStreamingHandler<Req, Res>) {
  return serverStreaming<Req, Res>((request, stream, context) =>
    open(request, stream, context).then(() => stream.closed),
  );
}

/** The transport's stream as the hub sees it: full once `maxUnsent` messages have not left yet. */
function watchStream<Res>(
  stream: ServerStream<Res>,
  caller: Caller,
  maxUnsent: number,
): WatchStream {
  let unsent = 0;
  let full = false;
  let onDrain = () => {};
  const flushed = () => {
    unsent--;
    if (!full || unsent > 0) return;
    full = false;
    onDrain();
  };
  return {
    caller,
    write: (message) => {
      unsent++;
      stream.write(message, flushed);
      full = unsent >= maxUnsent;
      return !full;
    },
    onDrain: (listener) => {
      onDrain = listener;
    },
    onClose: (listener) => stream.onClose(listener),
    end: (error) => stream.end(error),
  };
}
