export type {
  Difference,
  IdentityStats,
  MethodStats,
  PingRequest,
  PingResult,
  RebuildProgress,
  ServerStats,
  StatsRequest,
  StoreStats,
  SubmissionStats,
  VerifyProgress,
  WatchStats,
} from './admin/admin.js';
export type { AdminGroup } from './admin/admin-group.js';
export { RostrumClient } from './client.js';
export type { ClientOptions } from './client-options.js';
export {
  type ClientErrorReason,
  type ErrorReason,
  type FieldViolation,
  isRostrumError,
  RostrumError,
  type RostrumErrorOf,
  type ServiceErrorReason,
  type StatusCode,
} from './errors/rostrum-error.js';
export type { LeaderboardHandle, OnLeaderboard } from './handle/leaderboard-handle.js';
export type { HealthGroup, HealthRequest } from './health/health-group.js';
export type { JsonObject, JsonValue } from './json.js';
export type {
  Aggregation,
  Leaderboard,
  LeaderboardPage,
  LeaderboardSettings,
  LeaderboardUpdate,
  NewLeaderboard,
  RankingRules,
  SortOrder,
} from './leaderboards/leaderboard.js';
export type {
  DeleteLeaderboardRequest,
  GetLeaderboardRequest,
  LeaderboardGroup,
  ListLeaderboardsRequest,
} from './leaderboards/leaderboard-group.js';
export type { RankingSelector } from './ranking/ranking-selector.js';
export type {
  Outcome,
  PlayerScore,
  ScoreItem,
  ScoreResult,
  ScoreSubmission,
  SubmittedScore,
} from './scores/score.js';
export type { ScoreGroup } from './scores/score-group.js';
export type { ScoreStream } from './scores/score-stream.js';
export type { ScoreStreamOptions, SubmitAllOptions } from './scores/score-stream-options.js';
export type { OnDuplicate, SubmitOptions } from './scores/submit-options.js';
export {
  percentileOf,
  type RelativeStanding,
  type Standing,
  type StandingList,
  type StandingPage,
} from './standings/standing.js';
export type {
  AroundStandingsRequest,
  BatchGetStandingsRequest,
  GetStandingRequest,
  ListStandingsRequest,
  PlayerStanding,
  StandingBatch,
  StandingGroup,
  TopStandingsRequest,
} from './standings/standing-group.js';
export type { RetryOptions } from './transport/backoff.js';
export type { CallOptions } from './transport/call-options.js';
export type { PemSource, TlsOptions } from './transport/credentials.js';
export type { ServingStatus } from './transport/health-check.js';
export { LiveStandings } from './watch/live-standings.js';
export type { LiveView, LiveViewUpdate } from './watch/live-view.js';
export type { LiveViewState } from './watch/live-view-state.js';
export type { RankChange, RankChangeKind } from './watch/rank-change.js';
export type {
  ChangesEvent,
  ChangesMessage,
  CheckpointEvent,
  LiveViewRequest,
  SnapshotEvent,
  StandingsEvent,
  StandingsView,
  WatchChangesRequest,
  WatchOptions,
  WatchStandingsRequest,
} from './watch/watch.js';
export type { WatchGroup } from './watch/watch-group.js';
