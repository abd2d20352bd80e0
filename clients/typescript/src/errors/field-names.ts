// The service names fields as the contract does, `submission.player_id`; callers of this client wrote
// `playerId`. What follows turns the one into the other.

/** The arguments of calls that are the request's only field: their own fields stand at the top. */
const WRAPPED = /^(?:submission|leaderboard)\./;

/** The views of a watch, which have a shape of their own here. */
const VIEWS: ReadonlyMap<string, string> = new Map([
  ['top.count', 'view.top'],
  ['around.player_id', 'view.around'],
  ['around.count', 'view.count'],
  ['players.player_ids', 'view.players'],
  ['min_interval', 'minIntervalMs'],
]);

const VIEW_PATH = /^(?:top\.count|around\.(?:player_id|count)|players\.player_ids|min_interval)/;

/** A path at the beginning of a message, or after the description of the one before. */
const PATH_IN_MESSAGE = /(?<=^|; )[a-z][a-z_]*(?:\[\d+\])?(?:\.[a-z_]+(?:\[\d+\])?)*(?=: )/g;

/** Fields of which the service's texts speak. */
const WORDS = /\b(?:leaderboard_id|player_id|submission_id|client_time|page_token|resume_token)\b/g;

/** The path of a field as callers of this client write it. */
export function toFieldPath(path: string): string {
  return path
    .replace(VIEW_PATH, (view) => VIEWS.get(view) ?? view)
    .replace(WRAPPED, '')
    .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The service's message with fields as callers of this client write them. */
export function toFieldNames(message: string): string {
  return message.replace(PATH_IN_MESSAGE, toFieldPath).replace(WORDS, toFieldPath);
}
