/*
 * What the scripts and TypeScript must agree on. The names stand in the scripts as they stand here:
 * script-file.ts puts the numbers in their place.
 */

/** What a script answers with, first of all. */
export const Status = {
  /** There is no such index, or it is damaged. */
  ABSENT: 0,
  DONE: 1,
  /** Another epoch serves. */
  OTHER_EPOCH: 2,
  /** No index serves. What was written went to the one that is being built. */
  BUILDING: 3,
  /** Another build has taken the place of this one. */
  OTHER_BUILD: 4,
} as const;

/** What the index had of a player when it was given something newer, equal or older. */
export const Had = {
  /** Something older, or nothing: what was given is written. */
  OLDER: 0,
  SAME: 1,
  /** Something newer, which stays. */
  NEWER: 2,
} as const;

/**
 * Where the parts of a record begin. Numbers are big-endian.
 *
 *    0  8  subscore: a key whose bytes sort like the order of subscores, best first
 *    8  8  reached: unsigned integer; the lower stands higher
 *   16  8  score: double, negated where high scores stand higher
 *   24  8  version: double, exact for integers up to 2^53
 *   32  4  length of the record
 *   36  1  version of the payload, from 1; 0 says that the player left at this version: then there is
 *          no payload, and the numbers before mean nothing
 *   37  1  length of the player id
 *   38  …  player id (ASCII)
 *    …  …  payload: opaque to the index
 *
 * A record is also the entry's member of the sorted set, where entries with equal scores are compared by
 * the bytes of their members: subscore and reached decide. A record above 256 bytes is a member without
 * its payload (see scripts/record.lua).
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
