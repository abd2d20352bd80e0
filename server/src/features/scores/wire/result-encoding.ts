import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { ScoreItem } from '../../../gen/rostrum/v1/score.js';
import { encodeMessage } from '../../../wire/encode-message.js';
import { writeStanding } from '../../../wire/standing-encoding.js';
import type { Submitted } from '../submission-queue.js';

/* Answers to submissions, written around standings that are bytes already. */

/** Encodes a SubmitScoreResponse. A ScoreItem with a result has the same form. */
export function encodeSubmitScoreResponse(submitted: Submitted): Buffer {
  return encodeMessage((writer) => writeResult(writer, submitted));
}

/** Encodes a StreamScoresResponse with a result. */
export function encodeStreamScoresResponse(submitted: Submitted): Buffer {
  return encodeMessage((writer) => {
    writer.tag(1, WireType.LengthDelimited).fork();
    writeResult(writer, submitted);
    writer.join();
  });
}

/** Encodes a BatchSubmitScoresResponse of results and errors. */
export function encodeBatchSubmitScoresResponse(items: readonly (Submitted | ScoreItem)[]): Buffer {
  return encodeMessage((writer) => {
    for (const item of items) {
      writer.tag(1, WireType.LengthDelimited).fork();
      if ('recorded' in item) writeResult(writer, item);
      else ScoreItem.encode(item, writer);
      writer.join();
    }
  });
}

/** A field 1 that is a `rostrum.v1.ScoreResult`. */
function writeResult(writer: BinaryWriter, { recorded, payload, placement }: Submitted): void {
  const { previousScore, replayed } = recorded;
  const standing = { rank: placement?.rank ?? 0, payload: payload as Buffer };
  const totalPlayers = placement?.totalPlayers ?? 0;
  const previousRank = replayed ? 0 : (placement?.previousRank ?? 0);
  writer.tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.Varint).int32(recorded.outcome);
  writeStanding(writer, 2, standing, totalPlayers);
  if (previousRank !== 0) writer.tag(3, WireType.Varint).int32(previousRank);
  if (previousScore !== null) writer.tag(4, WireType.Bit64).double(previousScore);
  if (placement !== undefined) {
    writer.tag(5, WireType.Varint).bool(true);
    writer.tag(6, WireType.Varint).int64(placement.revision);
  }
  if (replayed) writer.tag(8, WireType.Varint).bool(true);
  if (placement !== undefined) writer.tag(9, WireType.Varint).int32(totalPlayers);
  writer.join();
}
