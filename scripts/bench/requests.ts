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
import { grpcFrame } from './grpc-connection.ts';
import { BOARD, ECHO_PATH, type OperationName, PLAYER_DIGITS, SCORE_LIMIT } from './operations.ts';

const BATCH = 100;
const WHOLE_BOARD = { leaderboardId: BOARD, seasonId: '', segment: undefined };
const ZERO = 0x30;
/** Stands in a template where a score will be; no other field has these bytes. */
const SCORE_MARK = 1234.5678;
const SUBMISSION_DIGITS = 12;

/** The requests of one operation: one frame, in which each call writes what differs. */
export interface Requests {
  readonly path: string;
  /** How many submissions, or calls, one message counts as. */
  readonly weight: number;
  readonly streamed: boolean;
  /** The next request, framed; it is overwritten by the one after it. */
  next(): Buffer;
}

/**
 * @param players how many players the board has
 * @param run marks the submission ids of this run: seven letters or digits
 */
export function requestsOf(name: OperationName, players: number, run: string): Requests {
  const standing = '/rostrum.v1.StandingService';
  const score = '/rostrum.v1.ScoreService';
  const playerId = playerIdOf(0);
  const rank = GetStandingRequest.encode({ ...WHOLE_BOARD, playerId });
  switch (name) {
    case 'echo':
      // As long as the request for a rank.
      return reads(ECHO_PATH, rank.finish(), players);
    case 'rank':
      return reads(`${standing}/GetStanding`, rank.finish(), players);
    case 'top-20': {
      const request = { ...WHOLE_BOARD, pageSize: 20, pageToken: '', startRank: 0 };
      const bytes = ListStandingsRequest.encode(request).finish();
      const frame = grpcFrame(bytes);
      return { path: `${standing}/ListStandings`, weight: 1, streamed: false, next: () => frame };
    }
    case 'around-20': {
      const anchor = { $case: 'playerId', value: playerId } as const;
      const request = {
        ...WHOLE_BOARD,
        anchor,
        count: 20,
      };
      const bytes = ListStandingsAroundRequest.encode(request).finish();
      return reads(`${standing}/ListStandingsAround`, bytes, players);
    }
    case 'submit': {
      const request = { submission: submission(run) };
      const bytes = SubmitScoreRequest.encode(request).finish();
      return submissions(`${score}/SubmitScore`, bytes, players, { weight: 1, streamed: false });
    }
    case 'stream': {
      const request = { submission: submission(run) };
      const bytes = StreamScoresRequest.encode(request).finish();
      return submissions(`${score}/StreamScores`, bytes, players, { weight: 1, streamed: true });
    }
    case 'batch-100': {
      const request = {
        submissions: Array.from({ length: BATCH }, () => submission(run)),
      };
      const bytes = BatchSubmitScoresRequest.encode(request).finish();
      const options = { weight: BATCH, streamed: false };
      return submissions(`${score}/BatchSubmitScores`, bytes, players, options);
    }
  }
}

/** Player ids all have the same length. */
export function playerIdOf(player: number): string {
  return `p${String(player).padStart(PLAYER_DIGITS, '0')}`;
}

/** Of the last submission; those of two operations never meet. */
let submissionNumber = 0;

/** Has submissions numbered from here, so that those of two processes do not meet either. */
export function numberSubmissionsFrom(first: number): void {
  submissionNumber = first;
}

function submission(run: string): ScoreSubmission {
  return {
    leaderboardId: BOARD,
    playerId: playerIdOf(0),
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

function reads(path: string, bytes: Uint8Array, players: number): Requests {
  const frame = grpcFrame(bytes);
  const [at] = placesOf(frame, playerIdOf(0));
  return {
    path,
    weight: 1,
    streamed: false,
    next() {
      if (at !== undefined) writeDigits(frame, at + 1, PLAYER_DIGITS, randomBelow(players));
      return frame;
    },
  };
}

function submissions(
  path: string,
  bytes: Uint8Array,
  players: number,
  { weight, streamed }: { weight: number; streamed: boolean },
): Requests {
  const frame = grpcFrame(bytes);
  const mark = Buffer.alloc(8);
  mark.writeDoubleLE(SCORE_MARK);
  const playersAt = placesOf(frame, playerIdOf(0));
  const scoresAt = placesOf(frame, mark);
  const idsAt = placesOf(frame, `-${'0'.repeat(SUBMISSION_DIGITS)}`);
  return {
    path,
    weight,
    streamed,
    next() {
      for (let item = 0; item < weight; item += 1) {
        writeDigits(frame, (playersAt[item] as number) + 1, PLAYER_DIGITS, randomBelow(players));
        frame.writeDoubleLE(randomBelow(SCORE_LIMIT), scoresAt[item] as number);
        submissionNumber += 1;
        writeDigits(frame, (idsAt[item] as number) + 1, SUBMISSION_DIGITS, submissionNumber);
      }
      return frame;
    },
  };
}

function placesOf(frame: Buffer, mark: string | Buffer): number[] {
  const places: number[] = [];
  for (let at = frame.indexOf(mark); at >= 0; at = frame.indexOf(mark, at + 1)) places.push(at);
  return places;
}

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit);
}

function writeDigits(frame: Buffer, at: number, digits: number, value: number): void {
  let rest = value;
  for (let digit = at + digits - 1; digit >= at; digit -= 1) {
    const next = Math.floor(rest / 10);
    frame[digit] = ZERO + rest - 10 * next;
    rest = next;
  }
}
