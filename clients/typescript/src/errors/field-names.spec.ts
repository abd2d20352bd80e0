import { expect, it } from 'vitest';
import { toFieldNames, toFieldPath } from './field-names.js';

it.each([
  ['submission.player_id', 'playerId'],
  ['submission.new_leaderboard.sort_order', 'newLeaderboard.sortOrder'],
  ['leaderboard.display_name', 'displayName'],
  ['leaderboard_id', 'leaderboardId'],
  ['submissions[12].client_time', 'submissions[12].clientTime'],
  ['player_ids[3]', 'playerIds[3]'],
  ['top.count', 'view.top'],
  ['around.player_id', 'view.around'],
  ['around.count', 'view.count'],
  ['players.player_ids[7]', 'view.players[7]'],
  ['min_interval', 'minIntervalMs'],
  ['score', 'score'],
])('%s is %s to callers of this client', (service, caller) => {
  expect(toFieldPath(service)).toBe(caller);
  const told = `${service}: is wrong; ${service}: the limit is 3; retry with the same submission_id`;
  expect(toFieldNames(told)).toBe(
    `${caller}: is wrong; ${caller}: the limit is 3; retry with the same submissionId`,
  );
});

it('leaves alone what is no field', () => {
  const message = 'there is no leaderboard race_of_2026; metadata: "a_b" is what_ever';
  expect(toFieldNames(message)).toBe(message);
});
