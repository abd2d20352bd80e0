import {
  BatchSubmitScoresRequest,
  type ScoreSubmission,
  StreamScoresRequest,
  SubmitScoreRequest,
} from '../../server/dist/gen/rostrum/v1/score.js';
import {
  GetStandingRequest,
  ListStandingsAroundRequest,
  ListStandingsRequest,
} from '../../server/dist/gen/rostrum/v1/standing.js';
import { BOARD, ECHO_PATH, type OperationName, PLAYER_DIGITS, SCORE_LIMIT } from './operations.ts';

const BATCH = 100;
/** Stands in a template where a score will be; no other field has these bytes. */
const SCORE_MARK = 1234.5678;
const SUBMISSION_DIGITS = 12;

/** A request with the places where each call writes what differs. */
export interface RequestTemplate {
  readonly path: string;
  /** The message in base64, without a frame. */
  readonly message: string;
  /** How many submissions, or calls, one message counts as. */
  readonly weight: number;
  readonly streamed: boolean;
  /** Where the digits of the player ids begin. */
  readonly playersAt: readonly number[];
  /** Where the scores are, little-endian doubles. */
  readonly scoresAt: readonly number[];
  /** Where the digits of the submission ids begin. */
  readonly submissionsAt: readonly number[];
  readonly playerDigits: number;
  readonly submissionDigits: number;
  /** Scores are whole numbers below this. */
  readonly scoreLimit: number;
}

/**
 * The requests of one operation.
 *
 * @param run marks the submission ids of this run: seven letters or digits
 */
export function templateOf(name: OperationName, run: string, board = BOARD): RequestTemplate {
  const wholeBoard = { leaderboardId: board, seasonId: '', segment: undefined };
  const standing = '/rostrum.v1.StandingService';
  const score = '/rostrum.v1.ScoreService';
  const rank = () => GetStandingRequest.encode({ ...wholeBoard, playerId: PLAYER }).finish();
  switch (name) {
    case 'echo':
      // As long as the request for a rank.
      return template(ECHO_PATH, rank());
    case 'rank':
      return template(`${standing}/GetStanding`, rank());
    case 'top-20': {
      const request = { ...wholeBoard, pageSize: 20, pageToken: '', startRank: 0 };
      return template(`${standing}/ListStandings`, ListStandingsRequest.encode(request).finish());
    }
    case 'around-20': {
      const anchor = { $case: 'playerId', value: PLAYER } as const;
      const request = { ...wholeBoard, anchor, count: 20 };
      const bytes = ListStandingsAroundRequest.encode(request).finish();
      return template(`${standing}/ListStandingsAround`, bytes);
    }
    case 'submit': {
      const request = { submission: submissionOf(run, board) };
      return template(`${score}/SubmitScore`, SubmitScoreRequest.encode(request).finish());
    }
    case 'stream': {
      const request = { submission: submissionOf(run, board) };
      const bytes = StreamScoresRequest.encode(request).finish();
      return { ...template(`${score}/StreamScores`, bytes), streamed: true };
    }
    case 'batch-100': {
      const request = {
        submissions: Array.from({ length: BATCH }, () => submissionOf(run, board)),
      };
      const bytes = BatchSubmitScoresRequest.encode(request).finish();
      return { ...template(`${score}/BatchSubmitScores`, bytes), weight: BATCH };
    }
  }
}

/** Player ids all have the same length. */
const PLAYER = `p${'0'.repeat(PLAYER_DIGITS)}`;

/** A submission of the run; score and player are written over. */
export function submissionOf(run: string, board: string): ScoreSubmission {
  return {
    leaderboardId: board,
    playerId: PLAYER,
    score: SCORE_MARK,
    subscore: 0,
    submissionId: `${run}-${'0'.repeat(SUBMISSION_DIGITS)}`,
    clientTime: undefined,
    displayName: '',
    segments: {},
    metadata: undefined,
    newLeaderboard: undefined,
  };
}

/** What makes requests of one message. */
export function template(path: string, bytes: Uint8Array): RequestTemplate {
  const message = Buffer.from(bytes);
  const mark = Buffer.alloc(8);
  mark.writeDoubleLE(SCORE_MARK);
  const behindFirst = (at: number) => at + 1;
  return {
    path,
    message: message.toString('base64'),
    weight: 1,
    streamed: false,
    playersAt: placesOf(message, PLAYER).map(behindFirst),
    scoresAt: placesOf(message, mark),
    submissionsAt: placesOf(message, `-${'0'.repeat(SUBMISSION_DIGITS)}`).map(behindFirst),
    playerDigits: PLAYER_DIGITS,
    submissionDigits: SUBMISSION_DIGITS,
    scoreLimit: SCORE_LIMIT,
  };
}

function placesOf(message: Buffer, mark: string | Buffer): number[] {
  const places: number[] = [];
  for (let at = message.indexOf(mark); at >= 0; at = message.indexOf(mark, at + 1)) places.push(at);
  return places;
}
