import { standingLength, writeStandingInto } from '../../../wire/standing-encoding.js';
import { varintLength, writeVarint } from '../../../wire/varint.js';
import type { Submitted } from '../submission-queue.js';

/*
 * `rostrum.v1.ScoreResult` as bytes, inside the messages that carry it: answers to submissions are
 * the most frequent messages of all. Tags are field number × 8 + wire type; a test checks them
 * against the generated decoder.
 */
const OUTCOME_TAG = 1 * 8 + 0;
const STANDING_TAG = 2 * 8 + 2;
const PREVIOUS_RANK_TAG = 3 * 8 + 0;
const PREVIOUS_SCORE_TAG = 4 * 8 + 1;
const RANKED_TAG = 5 * 8 + 0;
const REVISION_TAG = 6 * 8 + 0;
const REPLAYED_TAG = 8 * 8 + 0;
const TOTAL_PLAYERS_TAG = 9 * 8 + 0;

/** The tag of the only field of SubmitScoreResponse, StreamScoresResponse and ScoreItem's result. */
const FIRST_MESSAGE_TAG = 1 * 8 + 2;

/** Encodes a SubmitScoreResponse; also a ScoreItem with a result, which has the same form. */
export function encodeSubmitScoreResponse(submitted: Submitted): Buffer {
  return encodeNested(submitted, 1);
}

/** Encodes a StreamScoresResponse with a result. */
export function encodeStreamScoresResponse(submitted: Submitted): Buffer {
  return encodeNested(submitted, 2);
}

/** A ScoreResult within `depth` messages, each of which has it as its field 1. */
function encodeNested(submitted: Submitted, depth: 1 | 2): Buffer {
  const { recorded, payload, placement } = submitted;
  const row = { rank: placement?.rank ?? 0, payload: payload as Buffer };
  const totalPlayers = placement?.totalPlayers ?? 0;
  const standing = standingLength(row, totalPlayers);
  const previousRank = recorded.replayed ? 0 : (placement?.previousRank ?? 0);
  const { previousScore } = recorded;
  const length =
    2 +
    1 +
    varintLength(standing) +
    standing +
    (previousRank === 0 ? 0 : 1 + varintLength(previousRank)) +
    (previousScore === null ? 0 : 9) +
    (placement === undefined
      ? 0
      : 2 + 1 + varintLength(placement.revision) + 1 + varintLength(totalPlayers)) +
    (recorded.replayed ? 2 : 0);
  const inner = 1 + varintLength(length) + length;
  const buffer = Buffer.allocUnsafe(depth === 1 ? inner : 1 + varintLength(inner) + inner);
  let at = 0;
  if (depth === 2) {
    buffer[at++] = FIRST_MESSAGE_TAG;
    at = writeVarint(buffer, at, inner);
  }
  buffer[at++] = FIRST_MESSAGE_TAG;
  at = writeVarint(buffer, at, length);
  buffer[at++] = OUTCOME_TAG;
  buffer[at++] = recorded.outcome;
  buffer[at++] = STANDING_TAG;
  at = writeVarint(buffer, at, standing);
  at = writeStandingInto(buffer, at, row, totalPlayers);
  if (previousRank !== 0) {
    buffer[at++] = PREVIOUS_RANK_TAG;
    at = writeVarint(buffer, at, previousRank);
  }
  if (previousScore !== null) {
    buffer[at++] = PREVIOUS_SCORE_TAG;
    at = buffer.writeDoubleLE(previousScore, at);
  }
  if (placement !== undefined) {
    buffer[at++] = RANKED_TAG;
    buffer[at++] = 1;
    buffer[at++] = REVISION_TAG;
    at = writeVarint(buffer, at, placement.revision);
    buffer[at++] = TOTAL_PLAYERS_TAG;
    at = writeVarint(buffer, at, totalPlayers);
  }
  if (recorded.replayed) {
    buffer[at++] = REPLAYED_TAG;
    buffer[at++] = 1;
  }
  return buffer;
}
