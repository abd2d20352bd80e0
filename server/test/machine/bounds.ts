/*
 * The bounds that the checker holds Rostrum to; times in milliseconds. The first are promises;
 * what a machine that is short of processor time adds to them is allowed on top (SLACK_MS).
 */

/** A submission acknowledged with `ranked = false` is in every read that begins later than this. */
export const RANKED_FALSE_MS = 1_000;
/** A server that lost a double fault's second half (see timeline.ts) answers rightly after this. */
export const SETTLE_MS = 1_000;
/** After a fault has ended, everything is as if it had not been. */
export const RECOVERY_MS = 8_000;
/** A read from Redis takes no longer because PostgreSQL is away. */
export const READ_MS = 1_500;
/** What a watch shows is no older than this, while nothing is wrong. */
export const WATCH_LAG_MS = 2_000;
/** After the last fault: all that was submitted is acknowledged. */
export const ACKNOWLEDGED_MS = 20_000;
/** After the load has ended: index, feeds and views equal the store of record. */
export const CONVERGED_MS = 20_000;
/**
 * While nothing is wrong, this share of the submissions may be acknowledged without a rank: those that
 * another one of the same player, or another server, overtook.
 */
export const UNRANKED_SHARE = 0.05;
/** What scheduling on a busy machine may add to any of the bounds. */
export const SLACK_MS = 1_000;
