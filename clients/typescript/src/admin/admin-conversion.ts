import { Enumeration } from '../enumeration.js';
import type { Duration } from '../gen/google/protobuf/duration.js';
import {
  Difference_Kind,
  type GetServerStatsResponse,
  type VerifyLeaderboardResponse,
} from '../gen/rostrum/v1/admin.js';
import type { ServerStats, VerifyProgress } from './admin.js';

const DIFFERENCES = new Enumeration({
  MISSING: Difference_Kind.KIND_MISSING,
  EXTRA: Difference_Kind.KIND_EXTRA,
  DIFFERENT: Difference_Kind.KIND_DIFFERENT,
});

export function fromStatsMessage(message: GetServerStatsResponse): ServerStats {
  const { uptime, methods, submissions, watches, stores, ...rest } = message;
  return {
    ...rest,
    uptimeMs: milliseconds(uptime),
    methods: methods.map(({ fullMethod, p50, p99, longest, ...counts }) => ({
      method: fullMethod,
      ...counts,
      p50Ms: milliseconds(p50),
      p99Ms: milliseconds(p99),
      maxMs: milliseconds(longest),
    })),
    submissions: submissions ?? {
      committed: 0,
      batches: 0,
      batchSizeP50: 0,
      batchSizeMax: 0,
      pending: 0,
    },
    watches: watches ?? {
      standingsWatchers: 0,
      views: 0,
      rows: 0,
      changesWatchers: 0,
      messages: 0,
      slowWatchersEnded: 0,
    },
    stores: stores.map(({ p50, p99, ...store }) => ({
      ...store,
      p50Ms: milliseconds(p50),
      p99Ms: milliseconds(p99),
    })),
  };
}

export function fromVerifyMessage(message: VerifyLeaderboardResponse): VerifyProgress {
  const differences = message.differences.map(({ kind, playerId, explanation }) => ({
    playerId,
    description: explanation,
    kind: DIFFERENCES.toName(kind),
  }));
  return { ...message, differences };
}

function milliseconds(duration: Duration | undefined): number {
  return duration ? duration.seconds * 1_000 + duration.nanos / 1e6 : 0;
}
