import { keysOf } from '../errors/require-known-keys.js';
import type { RostrumError } from '../errors/rostrum-error.js';
import type { RankingSelector } from '../ranking/ranking-selector.js';
import type { Standing } from '../standings/standing.js';
import type { RankChange } from './rank-change.js';

/** Which part of a ranking to watch. */
export type StandingsView =
  /** The first players: 1 to 1,000. */
  | { readonly top: number }
  /** The neighbourhood of a player: `count` standings (default 11, at most 1,000). */
  | { readonly around: string; readonly count?: number | undefined }
  /** Some players, wherever they stand: 1 to 1,000. */
  | { readonly players: readonly string[] };

interface ViewRequest extends RankingSelector {
  /** Default: the top 10. */
  readonly view?: StandingsView | undefined;
  /** The least time between two messages, in milliseconds, 10 to 60,000. Default: 50. */
  readonly minIntervalMs?: number | undefined;
}

/** What a live view shows. It begins with a snapshot, and so cannot go on after a token. */
export interface LiveViewRequest extends ViewRequest {
  /** A live view resumes by itself; `watch.standings` takes a token. */
  readonly resumeToken?: undefined;
}

/** What to watch, and from where. */
export interface WatchStandingsRequest extends ViewRequest {
  /** `resumeToken` of the last event that was handled, to go on from there. Default: a snapshot. */
  readonly resumeToken?: string | undefined;
}

/** Whose changes to watch, and from where. */
export interface WatchChangesRequest extends RankingSelector {
  /** `resumeToken` of the last message that was handled. Default: the next change. */
  readonly resumeToken?: string | undefined;
  /** Only changes of these players: up to 1,000. Default: of all. */
  readonly playerIds?: readonly string[] | undefined;
}

/** Options of one watch. */
export interface WatchOptions {
  /** Ends the watch; the loop throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called once each time that the watch is lost, with the cause. It is tried again after `waitMs`
   * milliseconds, and then for as long as it takes. Until `onLive` what is known may be old.
   */
  readonly onInterrupted?: ((error: RostrumError, waitMs: number) => void) | undefined;
  /**
   * Called when the server tells where the watch is: with its first message, and with the first one
   * after each interruption, before the loop has that message.
   */
  readonly onLive?: (() => void) | undefined;
  /**
   * Whether to wait for a leaderboard that does not exist yet, and to look for it every second, rather
   * than to fail with LEADERBOARD_NOT_FOUND. One that is deleted later ends the watch. Default: false.
   */
  readonly awaitLeaderboard?: boolean | undefined;
}

export const WATCH_OPTIONS = keysOf<WatchOptions>({
  signal: true,
  onInterrupted: true,
  onLive: true,
  awaitLeaderboard: true,
});

interface WatchEvent {
  /** The revision of the ranking that the view now shows. */
  readonly revision: number;
  /** Resumes after this event. */
  readonly resumeToken: string;
}

/** The whole view. With `reset` it replaces what was known. */
export interface SnapshotEvent extends WatchEvent {
  readonly type: 'snapshot';
  /** Best first. */
  readonly standings: readonly Standing[];
  /** The places of the standings (see `RankChange`), unless each is the rank. */
  readonly places?: readonly number[] | undefined;
  /** How many players the ranking has. */
  readonly totalPlayers: number;
  /** Whether it replaces what was known, rather than begins the watch. */
  readonly reset: boolean;
}

/** How the view differs from the event before. */
export interface ChangesEvent extends WatchEvent {
  readonly type: 'changes';
  /** All of them make the next state: apply all, then sort by place. `LiveStandings` does so. */
  readonly changes: readonly RankChange[];
  /** How many players the ranking has. */
  readonly totalPlayers: number;
}

/** Nothing changed in the view up to `revision`. */
export interface CheckpointEvent extends WatchEvent {
  readonly type: 'checkpoint';
}

/** What a watch of standings gives: look at `type`. */
export type StandingsEvent = SnapshotEvent | ChangesEvent | CheckpointEvent;

/** Part of the feed of a ranking. */
export interface ChangesMessage extends WatchEvent {
  /** In revision order; empty in a checkpoint. */
  readonly changes: readonly RankChange[];
  /**
   * Whether the ranking was rebuilt since the message before: its changes in between are not told.
   * Read the standings anew, then apply what follows.
   */
  readonly reset: boolean;
}
