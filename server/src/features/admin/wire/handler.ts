import { invalidField, RostrumError } from '../../../domain/errors.js';
import type { Log } from '../../../domain/log.js';
import type { Ranking } from '../../../domain/ranking.js';
import {
  type AdminServiceServer,
  Difference_Kind,
  type GetServerStatsRequest,
  type GetServerStatsResponse,
  type PingRequest,
  type PingResponse,
  type RebuildLeaderboardRequest,
  type RebuildLeaderboardResponse,
  type VerifyLeaderboardRequest,
  type VerifyLeaderboardResponse,
} from '../../../gen/rostrum/v1/admin.js';
import { serverStreaming } from '../../../transport/server-streaming.js';
import { unary } from '../../../transport/unary.js';
import { toSelector } from '../../../wire/ranking-selector.js';
import { toTimestamp } from '../../../wire/time.js';
import type { RankingDirectory } from '../../directory/ports.js';
import { IndexUnavailable } from '../../index/ports.js';
import type { EntryCount, IndexRebuild, IndexVerification } from '../ports.js';
import type { ServerStats } from '../server-stats.js';
import { streamProgress } from './progress-handler.js';
import { toStatsResponse } from './stats-conversion.js';

const MAX_PAYLOAD_BYTES = 1024;

const DIFFERENCE_KINDS = {
  missing: Difference_Kind.KIND_MISSING,
  extra: Difference_Kind.KIND_EXTRA,
  different: Difference_Kind.KIND_DIFFERENT,
} as const;

export { AdminServiceService as adminServiceDefinition } from '../../../gen/rostrum/v1/admin.js';

export interface AdminParts {
  /** The version of the server. */
  readonly version: string;
  readonly stats: ServerStats;
  readonly directory: RankingDirectory;
  readonly entries: EntryCount;
  readonly verifier: IndexVerification;
  readonly builder: IndexRebuild;
  readonly log: Log;
}

/** `rostrum.v1.AdminService`. */
export function adminService(parts: AdminParts): AdminServiceServer {
  const { version, stats, directory } = parts;
  return {
    ping: unary<PingRequest, PingResponse>(({ payload }, { identity }) => {
      checkPayload(payload);
      const { role, name } = identity;
      return { payload, serverTime: toTimestamp(Date.now() * 1000), version, role, name };
    }),

    getServerStats: unary<GetServerStatsRequest, GetServerStatsResponse>(async () =>
      toStatsResponse(version, await stats.snapshot()),
    ),

    verifyLeaderboard: serverStreaming<VerifyLeaderboardRequest, VerifyLeaderboardResponse>(
      async (request, stream, context) => {
        const ranking = await directory.resolve(toSelector(request), context.connection);
        const { progress, done } = parts.verifier.verify(ranking, context.signal);
        await streamProgress(stream, done, (isDone) => ({
          checked: BigInt(progress.checked),
          total: BigInt(progress.total),
          differences: progress.takeDifferences().map(({ kind, playerId, description }) => ({
            kind: DIFFERENCE_KINDS[kind],
            playerId,
            explanation: description,
          })),
          differenceCount: BigInt(progress.differenceCount),
          done: isDone,
          waitingForIndex: progress.waitingForIndex,
        }));
      },
    ),

    rebuildLeaderboard: serverStreaming<RebuildLeaderboardRequest, RebuildLeaderboardResponse>(
      async (request, stream, context) => {
        const ranking = await directory.resolve(toSelector(request), context.connection);
        const total = await parts.entries.count(ranking.rankingNo);
        let built = 0;
        const work = rebuild(parts, ranking, (progress) => {
          built = progress.built;
        });
        await streamProgress(stream, work, (done) => ({
          built: BigInt(built),
          total: BigInt(Math.max(total, built)),
          done,
        }));
      },
    ),
  };
}

/** Goes on to its end even if the caller goes; then only the log tells of a failure. */
async function rebuild(
  { builder, log }: AdminParts,
  ranking: Ranking,
  onProgress: (progress: { readonly built: number }) => void,
): Promise<void> {
  try {
    await builder.rebuild(ranking, onProgress);
  } catch (error) {
    log.warn({ err: error, leaderboard: ranking.leaderboardId }, 'rebuild failed');
    throw error instanceof IndexUnavailable ? indexUnavailable(error) : error;
  }
}

function checkPayload(payload: string): void {
  // Most are short: then the bytes need not be counted.
  if (payload.length * 3 <= MAX_PAYLOAD_BYTES) return;
  const bytes = Buffer.byteLength(payload);
  if (bytes <= MAX_PAYLOAD_BYTES) return;
  throw invalidField('payload', `has ${bytes} bytes; the limit is ${MAX_PAYLOAD_BYTES}`);
}

function indexUnavailable(cause: IndexUnavailable): RostrumError {
  return new RostrumError(
    'STORE_UNAVAILABLE',
    'Redis cannot be reached, or the index was lost while it was built; what served before still does',
    { retryAfterMs: 5_000, metadata: { store: 'redis' }, cause },
  );
}
