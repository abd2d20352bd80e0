import { describe, expect, it } from 'vitest';
import { RostrumError } from '../../../domain/errors.js';
import { UpdateLeaderboardRequest } from '../../../gen/rostrum/v1/leaderboard.js';
import { parseUpdate } from './update-conversion.js';

/** A request as it comes over the wire, from the JSON that grpcurl takes. */
function request(fields: object, paths: string[] = []): UpdateLeaderboardRequest {
  const message = {
    leaderboardId: 'board',
    displayName: '',
    sortOrder: 0,
    subscoreSortOrder: 0,
    aggregation: 0,
    tieBreak: 0,
    rankMethod: 0,
    segmentKeys: [],
    resetSchedule: '',
    timeZone: '',
    metadata: undefined,
    createTime: undefined,
    updateTime: undefined,
    ...fields,
  };
  const bytes = UpdateLeaderboardRequest.encode({
    leaderboard: message,
    updateMask: paths,
  }).finish();
  return UpdateLeaderboardRequest.decode(bytes);
}

function refusal(update: UpdateLeaderboardRequest): RostrumError {
  try {
    parseUpdate(update);
  } catch (error) {
    if (error instanceof RostrumError) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe('the mask of an update', () => {
  it('changes what it names, also back to the default', () => {
    const paths = ['display_name', 'metadata', 'aggregation', 'sort_order', 'subscore_sort_order'];
    expect(parseUpdate(request({}, paths)).patch).toEqual({
      displayName: '',
      metadata: null,
      aggregation: 1,
      sortOrder: 1,
      subscoreSortOrder: 'asSortOrder',
    });
    expect(parseUpdate(request({ displayName: 'x', sortOrder: 2 }, ['sort_order'])).patch).toEqual({
      sortOrder: 2,
    });
  });

  it('when empty means every field that is set', () => {
    expect(parseUpdate(request({}))).toEqual({ leaderboardId: 'board', patch: {} });
    expect(parseUpdate(request({ displayName: 'x', metadata: {}, aggregation: 3 })).patch).toEqual({
      displayName: 'x',
      metadata: '{}',
      aggregation: 3,
    });
    // Output-only fields that a caller sends back are no change.
    const createTime = { seconds: 1n, nanos: 0 };
    expect(parseUpdate(request({ createTime, updateTime: createTime })).patch).toEqual({});
  });

  it('takes planned fields at the values that they have', () => {
    const paths = ['tie_break', 'rank_method', 'segment_keys', 'reset_schedule', 'time_zone'];
    expect(parseUpdate(request({ tieBreak: 1, rankMethod: 1 }, paths)).patch).toEqual({});
    expect(parseUpdate(request({}, paths)).patch).toEqual({});
  });

  it.each([
    [{ tieBreak: 2 }, 'tie_break'],
    [{ rankMethod: 2 }, 'rank_method'],
    [{ rankMethod: 3 }, 'rank_method'],
    [{ segmentKeys: ['mode'] }, 'segment_keys'],
    [{ resetSchedule: '0 0 * * *' }, 'reset_schedule'],
    [{ timeZone: 'Europe/Berlin' }, 'time_zone'],
    [{ aggregation: 4 }, 'aggregation'],
    [{ aggregation: 5 }, 'aggregation'],
  ])('refuses %j as planned, named or not', (fields, path) => {
    for (const paths of [[], [path]]) {
      const error = refusal(request(fields, paths));
      expect(error.reason).toBe('NOT_SUPPORTED');
      expect(error.details.metadata).toEqual({ field: `leaderboard.${path}` });
    }
    // A field that the mask leaves out is not looked at.
    expect(parseUpdate(request(fields, ['display_name'])).patch).toEqual({ displayName: '' });
  });

  it.each([
    { tieBreak: 9 },
    { rankMethod: 9 },
    { aggregation: 9 },
    { sortOrder: 3 },
    { subscoreSortOrder: -1 },
  ])('refuses the unknown number in %j', (fields) => {
    expect(refusal(request(fields)).reason).toBe('INVALID_FIELD');
  });

  it.each([
    'leaderboard_id',
    'create_time',
    'update_time',
    'displayName',
    'metadata.level',
    '*',
    ' ',
    'no_such_field',
    '\u202e\n',
  ])('refuses the path %j and names it', (path) => {
    const error = refusal(request({ displayName: 'x' }, ['metadata', path]));
    expect(error.reason).toBe('INVALID_FIELD');
    expect(error.details.violations?.map(({ field }) => field)).toEqual(['update_mask.paths[1]']);
    expect(error.message).toMatch(/^[\x20-\x7e]*$/);
  });

  it('does without empty paths', () => {
    const fields = { displayName: 'x', metadata: { level: 1 } };
    const patchOf = (mask: string[]) => parseUpdate(request(fields, mask)).patch;
    expect(patchOf([''])).toEqual(patchOf([]));
    expect(patchOf(['', 'display_name', ''])).toEqual({ displayName: 'x' });
  });

  it('has no more paths than there can be', () => {
    const error = refusal(request({}, Array(101).fill('metadata')));
    expect(error.details.violations?.map(({ field }) => field)).toEqual(['update_mask']);
  });
});

it('an update without a leaderboard or with a bad id is refused', () => {
  for (const update of [
    { leaderboard: undefined, updateMask: [] },
    request({ leaderboardId: '' }),
  ]) {
    expect(refusal(update).reason).toBe('INVALID_FIELD');
  }
});
