import { invalidField } from './errors.js';

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

export type LeaderboardId = Branded<string, 'LeaderboardId'>;
export type PlayerId = Branded<string, 'PlayerId'>;
export type SubmissionId = Branded<string, 'SubmissionId'>;

/** Identifies a leaderboard in the stores; a leaderboard that is deleted and made again has a new one. */
export type BoardNo = Branded<number, 'BoardNo'>;
/** Identifies one season of one leaderboard in the stores. */
export type SeasonNo = Branded<number, 'SeasonNo'>;
/** Identifies one ranking (leaderboard + season + segment) in the stores. */
export type RankingNo = Branded<number, 'RankingNo'>;

/** Ids of callers: ASCII only, so no two that look alike can differ in their bytes. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

export const ID_RULE =
  'must be 1 to 128 characters of A-Z a-z 0-9 . _ : - and start with a letter or digit';

export function isId(value: string): boolean {
  return ID.test(value);
}

/** Checks an id from outside. @throws INVALID_FIELD naming `field` and the value. */
function parseId(value: string, field: string): string {
  if (ID.test(value)) return value;
  throw invalidField(field, `${describe(value)} ${ID_RULE}`);
}

export function parseLeaderboardId(value: string, field = 'leaderboard_id'): LeaderboardId {
  return parseId(value, field) as LeaderboardId;
}

export function parsePlayerId(value: string, field = 'player_id'): PlayerId {
  return parseId(value, field) as PlayerId;
}

/** Shows a refused value in an error: quoted, escaped and cut, so that it is safe in a terminal. */
export function describe(value: string): string {
  if (value === '') return 'is empty and';
  const shown = JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return shown.replace(
    /[^\x20-\x7e…]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
