import {
  Outcome,
  type ScoreResult,
  type ScoreSubmission,
  type StreamScoresResponse,
} from '../src/gen/rostrum/v1/score.js';
import { Standing } from '../src/gen/rostrum/v1/standing.js';
import {
  type RankChange,
  RankChange_Kind,
  type WatchChangesResponse,
  type WatchStandingsResponse,
} from '../src/gen/rostrum/v1/watch.js';

export function standing(playerId: string, rank: number, score = 1_000 - rank): Standing {
  return Standing.fromPartial({ playerId, rank, score });
}

/** The result that a service gives for a submission: told apart by its submission's score. */
export function resultOf(submission: ScoreSubmission | undefined): ScoreResult {
  return {
    outcome: Outcome.OUTCOME_APPLIED,
    standing: standing(submission?.playerId ?? '', 1, submission?.score),
    previousRank: 2,
    previousScore: 0,
    ranked: true,
    revision: 7,
    unlockedAchievements: [],
    replayed: false,
    totalPlayers: 3,
  };
}

export function streamed(submission: ScoreSubmission | undefined): StreamScoresResponse {
  return { item: { item: { $case: 'result', value: resultOf(submission) } } };
}

export function snapshot(
  revision: number,
  standings: Standing[],
  { reset = false, totalPlayers = standings.length, places = [] as number[] } = {},
): WatchStandingsResponse {
  return {
    event: { $case: 'snapshot', value: { standings, totalPlayers, reset, places } },
    revision,
    resumeToken: `token-${revision}`,
  };
}

export function changes(
  revision: number,
  rankChanges: RankChange[],
  totalPlayers: number,
): WatchStandingsResponse {
  return {
    event: { $case: 'changes', value: { changes: rankChanges, totalPlayers } },
    revision,
    resumeToken: `token-${revision}`,
  };
}

export function entered(after: Standing): RankChange {
  return {
    kind: RankChange_Kind.KIND_ENTERED,
    standing: after,
    playerId: after.playerId,
    revision: 0,
  };
}

export function moved(after: Standing, previousRank: number, previousScore: number): RankChange {
  return {
    kind: RankChange_Kind.KIND_MOVED,
    standing: after,
    playerId: after.playerId,
    previousRank,
    previousScore,
    revision: 0,
  };
}

export function left(playerId: string, previousRank: number, previousScore: number): RankChange {
  return {
    kind: RankChange_Kind.KIND_LEFT,
    standing: undefined,
    playerId,
    previousRank,
    previousScore,
    revision: 0,
  };
}

/** One message of the feed: the change that made `revision`. */
export function feedMessage(revision: number): WatchChangesResponse {
  const change = { ...entered(standing(`p${revision}`, revision)), revision };
  return { changes: [change], revision, resumeToken: `token-${revision}`, reset: false };
}
