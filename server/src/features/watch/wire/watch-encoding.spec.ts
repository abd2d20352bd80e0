import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { player, rowOf } from '../../../../test/support/watch/scripted-index.js';
import type { RankedRow, RankingChange } from '../../../domain/ranking.js';
import { Standing } from '../../../gen/rostrum/v1/standing.js';
import {
  RankChange_Kind,
  WatchChangesResponse,
  WatchStandingsResponse,
} from '../../../gen/rostrum/v1/watch.js';
import { percentileOf } from '../../../wire/standing-encoding.js';
import { ChangeKind, kindOf } from '../diff.js';
import {
  encodeChanges,
  encodeCheckpoint,
  encodeFeedMessage,
  encodeSnapshot,
} from './watch-encoding.js';

const rows = fc
  .array(fc.tuple(fc.stringMatching(/^[a-z0-9]{1,128}$/), fc.double({ noNaN: true })), {
    maxLength: 40,
  })
  .map((players) => players.map(([id, score], i) => rowOf(i + 1, id, score + 0, 'Zoë 🎮')));
const progress = fc.record({
  revision: fc.maxSafeNat(),
  resumeToken: fc.base64String({ maxLength: 200 }),
});
const total = fc.integer({ min: 0, max: 2 ** 31 - 1 });

function standingOf(row: RankedRow, totalPlayers: number): Standing {
  const { rank } = row;
  return { ...Standing.decode(row.payload), rank, percentile: percentileOf(rank, totalPlayers) };
}

describe('encoded watch messages read back through the generated decoder', () => {
  it('snapshots', () => {
    fc.assert(
      fc.property(rows, total, fc.boolean(), progress, (view, totalPlayers, reset, at) => {
        const { bytes, resumeToken } = encodeSnapshot(view, totalPlayers, reset, at);
        expect(resumeToken).toBe(at.resumeToken);
        expect(WatchStandingsResponse.decode(bytes)).toEqual({
          event: {
            $case: 'snapshot',
            value: {
              standings: view.map((row) => standingOf(row, totalPlayers)),
              totalPlayers,
              reset,
              places: [],
            },
          },
          revision: BigInt(at.revision),
          resumeToken: at.resumeToken,
        });
      }),
    );
  });

  it.each([
    [
      'each is the rank',
      [
        [4, 4],
        [7, 7],
        [9, 9],
      ],
      [],
    ],
    [
      'they follow one another',
      [
        [299, 299],
        [300, 299],
        [301, 299],
      ],
      [299],
    ],
    [
      'some lie between',
      [
        [299, 299],
        [300, 299],
        [400, 398],
      ],
      [299, 300, 400],
    ],
  ])('places in a snapshot where %s', (_, spots, told) => {
    const view = spots.map(([place, rank], at) => ({
      ...rowOf(place as number, `p${at}`, 1),
      rank: rank as number,
    }));
    const { bytes } = encodeSnapshot(view, 500, false, { revision: 1, resumeToken: 'token' });
    const { event } = WatchStandingsResponse.decode(bytes);
    if (event?.$case !== 'snapshot') throw new Error('not a snapshot');
    expect(event.value.places).toEqual(told);
    expect(event.value.standings.map(({ rank }) => rank)).toEqual(spots.map(([, rank]) => rank));
  });

  it('changes of every kind', () => {
    const after = rowOf(2, 'p', 5);
    const base = { playerId: player('p'), previousPlace: 3, previousRank: 3, previousScore: 0 };
    const changes = [
      { ...base, kind: ChangeKind.ENTERED, row: after, previousPlace: 0, previousRank: 0 },
      { ...base, kind: ChangeKind.MOVED, row: { ...after, place: 4 } },
      { ...base, kind: ChangeKind.UPDATED, row: after },
      { ...base, kind: ChangeKind.LEFT, row: undefined, previousScore: -2.5 },
    ];
    const standing = standingOf(after, 5);
    const previous = { previousRank: 3, previousScore: 0 };
    const common = { playerId: 'p', revision: 0n, place: undefined };
    const { bytes } = encodeChanges(changes, 5, { revision: 300, resumeToken: 'token' });
    expect(WatchStandingsResponse.decode(bytes)).toEqual({
      event: {
        $case: 'changes',
        value: {
          changes: [
            {
              ...common,
              kind: RankChange_Kind.KIND_ENTERED,
              standing,
              previousRank: undefined,
              previousScore: undefined,
            },
            { ...common, ...previous, kind: RankChange_Kind.KIND_MOVED, standing, place: 4 },
            { ...common, ...previous, kind: RankChange_Kind.KIND_UPDATED, standing },
            {
              ...common,
              kind: RankChange_Kind.KIND_LEFT,
              standing: undefined,
              previousRank: 3,
              previousScore: -2.5,
            },
          ],
          totalPlayers: 5,
        },
      },
      revision: 300n,
      resumeToken: 'token',
    });
  });

  it('checkpoints', () => {
    fc.assert(
      fc.property(progress, (at) => {
        expect(WatchStandingsResponse.decode(encodeCheckpoint(at).bytes)).toEqual({
          event: { $case: 'checkpoint', value: {} },
          revision: BigInt(at.revision),
          resumeToken: at.resumeToken,
        });
      }),
    );
  });

  it('messages of the feed', () => {
    const change = fc
      .record({
        revision: fc.maxSafeNat(),
        previousPlace: fc.integer({ min: 0, max: 1000 }),
        previousScore: fc.double({ noNaN: true }),
        row: fc.option(fc.constant(rowOf(2, 'p', 5)), { nil: undefined }),
        totalPlayers: fc.integer({ min: 2, max: 1000 }),
      })
      .map(
        (fields): RankingChange => ({
          ...fields,
          playerId: player('p'),
          previousRank: fields.previousPlace,
        }),
      );
    fc.assert(
      fc.property(fc.array(change), fc.boolean(), progress, (changes, reset, at) => {
        const { bytes } = encodeFeedMessage(changes, reset, at);
        expect(WatchChangesResponse.decode(bytes)).toEqual({
          changes: changes.map((told) => ({
            kind: kindOf(told),
            standing: told.row && standingOf(told.row, told.totalPlayers),
            playerId: 'p',
            previousRank: told.previousRank === 0 ? undefined : told.previousRank,
            previousScore: told.previousRank === 0 ? undefined : told.previousScore,
            revision: BigInt(told.revision),
            place: undefined,
          })),
          revision: BigInt(at.revision),
          resumeToken: at.resumeToken,
          reset,
        });
      }),
    );
  });
});
