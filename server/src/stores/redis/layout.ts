/* What scripts and TypeScript agree on. Scripts have these names; script-file.ts puts in the numbers. */

/** The first part of a script's answer. */
export const Status = {
  /** There is no such index, or it is damaged. */
  ABSENT: 0,
  DONE: 1,
  /** Another epoch serves. */
  OTHER_EPOCH: 2,
  /** No index serves. The one that is being built has what was written. */
  BUILDING: 3,
  /** Another build has taken the place of this one. */
  OTHER_BUILD: 4,
} as const;

/** What the index had of a player, compared with what it was given. */
export const Had = {
  /** Older, or nothing: what was given is written. */
  OLDER: 0,
  SAME: 1,
  /** Newer: it stays. */
  NEWER: 2,
} as const;

/**
 * Where the parts of a record begin. Numbers are big-endian.
 *
 *    0  8  subscore: bytes that sort like the subscores, best first
 *    8  8  reached: unsigned integer; lower stands higher
 *   16  8  score: double, negated if high scores stand higher
 *   24  8  version: double, exact for integers up to 2^53
 *   32  4  length of the record
 *   36  1  version of the payload, from 1; 0: the player left at this version. Then there is no payload, and
 *          subscore, reached and score mean nothing
 *   37  1  length of the player id
 *   38  …  player id (ASCII)
 *    …  …  payload: opaque to the index
 *
 * A record is also a member of the sorted set, which orders equal scores by the bytes of the members: by
 * subscore and reached. Above 256 bytes the member lacks the payload (see scripts/record.lua).
 */
export const Offset = {
  SUBSCORE: 0,
  REACHED: 8,
  SCORE: 16,
  VERSION: 24,
  LENGTH: 32,
  PAYLOAD_VERSION: 36,
  PLAYER_LENGTH: 37,
  PLAYER: 38,
} as const;

/** In place of a payload version: the player left. */
export const Payload = { LEFT: 0 } as const;
