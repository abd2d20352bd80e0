import { invalidField, RostrumError } from '../../../domain/errors.js';
import type { Log } from '../../../domain/log.js';
import { type AdminServiceServer, Difference_Kind } from '../../../gen/rostrum/v1/admin.js';
import { serverStreaming } from '../../../transport/server-streaming.js';
import { unary } from '../../../transport/unary.js';
import { toSelector } from '../../../wire/ranking-selector.js';
import { toTimestamp } from '../../../wire/time.js';
import type { RankingDirectory } from '../../directory/ports.js';
import { type EntryStore, IndexUnavailable } from '../../index/ports.js';
import type { IndexRebuild, IndexVerification } from '../ports.js';
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
  readonly version: string;
  readonly stats: ServerStats;
  readonly directory: RankingDirectory;
  readonly entries: Pick<EntryStore, 'count'>;
  readonly verifier: IndexVerification;
  readonly builder: IndexRebuild;
  readonly log: Log;
}

/** `rostrum.v1.AdminService`. */
export function adminService({
  version,
  stats,
  directory,
  entries,
  verifier,
  builder,
  log,
}: AdminParts): AdminServiceServer {
  return {
    ping: unary(({ payload }, { identity }) => {
      checkPayload(payload);
      const { role, name } = identity;
      return { payload, serverTime: toTimestamp(Date.now() * 1000), version, role, name };
    }),

    getServerStats: unary(async () => toStatsResponse(version, await stats.snapshot())),

    verifyLeaderboard: serverStreaming(async (request, stream, context) => {
      const ranking = await directory.resolve(toSelector(request), context.connection);
      const { progress, done } = verifier.verify(ranking, context.connection, context.signal);
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
    }),

    rebuildLeaderboard: serverStreaming(async (request, stream, context) => {
      const ranking = await directory.resolve(toSelector(request), context.connection);
      const total = await entries.count(ranking.rankingNo);
      let built = 0;
      const onProgress = (progress: { readonly built: number }) => {
        built = progress.built;
      };
      // Goes on even if the caller leaves; then only the log reports a failure.
      const work = builder.rebuild(ranking, onProgress).catch((error: unknown) => {
        log.warn({ err: error, leaderboard: ranking.leaderboardId }, 'rebuild failed');
        throw error instanceof IndexUnavailable ? indexUnavailable(error) : error;
      });
      await streamProgress(stream, work, (done) => ({
        built: BigInt(built),
        total: BigInt(Math.max(total, built)),
        done,
      }));
    }),
  };
}

function checkPayload(payload: string): void {
  const bytes = Buffer.byteLength(payload);
  if (bytes <= MAX_PAYLOAD_BYTES) return;
  throw invalidField('payload', `has ${bytes} bytes; the limit is ${MAX_PAYLOAD_BYTES}`);
}

function indexUnavailable(cause: IndexUnavailable): RostrumError {
  return new RostrumError(
    'STORE_UNAVAILABLE',
    'Redis cannot be reached, or the index was lost during the rebuild; what served before still does',
    { retryAfterMs: 5_000, metadata: { store: 'redis' }, cause },
  );
}
