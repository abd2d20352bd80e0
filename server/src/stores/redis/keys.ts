import type { RankingNo } from '../../domain/ids.js';

/**
 * The format of what lies under the keys. To be raised with every change of it: an index of the new
 * format is then built. Servers of two formats must not run side by side, because the store of record
 * knows one epoch of each ranking; see the upgrading part of docs/operations.md.
 */
const FORMAT = 3;

/**
 * The keys of one ranking, in the order in which every script takes them. They share a hash tag, so
 * on Redis Cluster they lie on one node.
 *
 *   meta      hash: epoch, revision and life of the serving index, count of its players, how many left
 *             of whom it has a record (left), the lowest payload version of its records (payload); and the
 *             build that is under way, if any (building), with the last two of what is built
 *   order     sorted set: the players in their order. The score is the leaderboard's score,
 *             negated where high scores stand higher, so the best is always first; the member is
 *             the player's record, of a large one the beginning (see layout.ts)
 *   entries   hash: player id → record (see layout.ts), also of players who left
 *   feed      stream: the changes; see scripts/apply.lua
 *
 * Order, entries and feed exist twice: an index of an even epoch has those with 0, one of an odd
 * epoch those with 1, so that a new index is built beside the one that serves.
 */
export function rankingKeys(rankingNo: RankingNo): string[] {
  const tag = `rostrum:${FORMAT}:{r${rankingNo}}`;
  return [
    `${tag}:meta`,
    `${tag}:order:0`,
    `${tag}:entries:0`,
    `${tag}:feed:0`,
    `${tag}:order:1`,
    `${tag}:entries:1`,
    `${tag}:feed:1`,
  ];
}

export const KEYS_PER_RANKING = 7;

/** The channel that is told of every change of a ranking. The message is the revision. */
export function rankingChannel(rankingNo: RankingNo): string {
  return `rostrum:${FORMAT}:{r${rankingNo}}:changes`;
}
