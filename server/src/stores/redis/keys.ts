import type { RankingNo } from '../../domain/ids.js';
import type { LifeId } from '../../domain/index-rules.js';

/**
 * The format of what lies under the keys. Raise it with every change: indexes of the new format are then
 * built. Servers of two formats must not run side by side, because the store of record knows one epoch of
 * each ranking; see the upgrading part of docs/operations.md.
 */
const FORMAT = 3;

/**
 * The keys of one ranking, in the order in which every script takes them. They share a hash tag, so
 * on Redis Cluster they lie on one node.
 *
 *   meta      hash: epoch, revision and life of the serving index; the count of its players; how many of
 *             its records are of players who left (left); the lowest payload version of its records
 *             (payload). And the build that is under way, if any (building), with its own last two
 *   order     sorted set of the players. The score is the leaderboard's score, negated if high scores
 *             stand higher, so the best is always first; the member is the player's record, or the
 *             beginning of a large one (see layout.ts)
 *   entries   hash: player id → record (see layout.ts), also of players who left
 *   feed      stream: the changes; see scripts/apply.lua
 *
 * Indexes of even epochs have the order, entries and feed with 0, those of odd epochs the ones with 1: so a
 * new index is built beside the one that serves.
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

/** Counts up while servers are in a life of the index; see scripts/beat.lua. It is gone a day after the last. */
export function beatKey(life: LifeId): string {
  return `rostrum:${FORMAT}:beat:${life}`;
}

/** The channel to which the id of a leaderboard is published that was changed or deleted. */
export const BOARD_CHANNEL = `rostrum:${FORMAT}:boards`;

/** The channel to which each change of a ranking is published. The message is the revision. */
export function rankingChannel(rankingNo: RankingNo): string {
  return `rostrum:${FORMAT}:{r${rankingNo}}:changes`;
}
