import { status } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it } from 'vitest';
import { Status } from '../../src/gen/google/rpc/status.js';
import {
  BatchSubmitScoresRequest,
  type ScoreSubmission,
  StreamScoresRequest,
  StreamScoresResponse,
  SubmitScoreRequest,
  SubmitScoreResponse,
} from '../../src/gen/rostrum/v1/score.js';
import {
  BatchGetStandingsRequest,
  GetStandingRequest,
  ListStandingsAroundRequest,
  ListStandingsRequest,
  ListStandingsResponse,
} from '../../src/gen/rostrum/v1/standing.js';
import { statusDetails } from '../support/status-details.ts';
import { useTestService } from '../support/test-service.ts';
import { submission, type WireAnswer, type WireCaller } from '../support/wire-caller.ts';

const service = useTestService();
let wire: WireCaller;

beforeAll(() => {
  wire = service.wire();
});

function expectInvalid(answer: WireAnswer, field: string): void {
  expect(answer).toMatchObject({
    code: status.INVALID_ARGUMENT,
    reason: 'INVALID_FIELD',
    fields: [field],
    infos: [{ domain: 'rostrum.v1' }],
    retryAfterMs: undefined,
  });
  // What goes into a terminal or a header is plain text.
  expect(answer.message).toMatch(/^[\x20-\x7e…±]*$/);
}

const SCORES: readonly [string, number][] = [
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  // What 9007199254740993 is by the time it arrives.
  ['2^53', 2 ** 53],
  ['-2^53', -(2 ** 53)],
  ['2^53 + 2', 2 ** 53 + 2],
  ['1e308', 1e308],
];

describe('scores', () => {
  it.each(SCORES)('%s is refused, wherever it stands', async (_, score) => {
    expectInvalid(await wire.submit({ score }), 'submission.score');
    expectInvalid(await wire.submit({ subscore: score }), 'submission.subscore');
    const around = ListStandingsAroundRequest.encode({
      ...{ leaderboardId: 'board', seasonId: '', segment: undefined, count: 3 },
      anchor: { $case: 'score', value: score },
    }).finish();
    await wire.submit({});
    expectInvalid(
      await wire.unary('/rostrum.v1.StandingService/ListStandingsAround', around),
      'score',
    );
  });

  it.each([2 ** 53 - 1, 1 - 2 ** 53, 2 ** 53 - 2, 0, -0, 5e-324, 0.1, 1.7976931348623157e-300])(
    '%d is taken and comes back exactly',
    async (score) => {
      const answer = await wire.submit({ leaderboardId: `exact:${score}`, score, subscore: score });
      expect(answer.code).toBe(status.OK);
      const { result } = SubmitScoreResponse.decode(answer.bytes);
      // There is one zero.
      expect(result?.standing).toMatchObject({ rank: 1, score: score + 0, subscore: score + 0 });
    },
  );

  it('names every refused field at once', async () => {
    const answer = await wire.submit({ score: Number.NaN, playerId: '', displayName: '\u0007' });
    expect(answer.fields).toEqual([
      'submission.player_id',
      'submission.score',
      'submission.display_name',
    ]);
  });

  it('a missing submission is refused', async () => {
    const empty = SubmitScoreRequest.encode({ submission: undefined }).finish();
    expectInvalid(await wire.unary('/rostrum.v1.ScoreService/SubmitScore', empty), 'submission');
  });
});

const BAD_IDS: readonly [string, string][] = [
  ['empty', ''],
  ['129 characters', 'a'.repeat(129)],
  ['100,000 characters', 'a'.repeat(100_000)],
  ['a space', 'a b'],
  ['a space in front', ' a'],
  ['a newline behind', 'a\n'],
  ['a carriage return behind', 'a\r'],
  ['a tab', 'a\tb'],
  ['NUL', 'a\0b'],
  ['NUL behind', 'a\0'],
  ['DEL', 'a\x7f'],
  ['a slash', '../a'],
  ['a quote', "a'b"],
  ['braces, as of a Redis hash tag', '{r1}'],
  ['a wildcard', 'a*'],
  ['a percent sign', 'a%41'],
  ['a dot in front', '.a'],
  ['a dash in front', '-a'],
  ['an underscore in front', '_a'],
  ['é, composed', 'caf\u00e9'],
  ['é, decomposed', 'cafe\u0301'],
  ['Cyrillic а for a', 'p\u0430yer'],
  ['Greek ο for o', '\u03bfne'],
  ['full-width digits', 'p\uff11'],
  ['full-width letters', '\uff50\uff11'],
  ['Arabic-Indic digits', 'p\u0661'],
  ['mathematical letters', '\u{1d41a}'],
  ['a dotless i', 'p\u0131'],
  ['a dotted capital I', 'P\u0130'],
  ['the Kelvin sign', '\u212a'],
  ['the long s', 'pa\u017f\u017f'],
  ['a zero-width space', 'a\u200bb'],
  ['a zero-width joiner', 'a\u200d'],
  ['a byte order mark', '\ufeffa'],
  ['a soft hyphen', 'a\u00adb'],
  ['a no-break space', 'a\u00a0'],
  ['a right-to-left override', 'a\u202eb'],
  ['an isolate', 'a\u2066b'],
  ['a combining mark alone', '\u0301'],
  ['a variation selector', 'a\ufe0f'],
  ['a tag character', 'a\u{e0041}'],
  ['a line separator', 'a\u2028'],
  ['emoji', '\u{1f3c6}'],
  ['a flag', '\u{1f1f9}\u{1f1f7}'],
  ['a non-character', 'a\uffff'],
  ['private use', 'a\ue000'],
  ['half a surrogate pair', 'a\ud83c'],
];

const GOOD_IDS = [
  'a',
  'Z9',
  '0',
  'a.b_c:d-e',
  'A'.repeat(128),
  '0:0',
  'constructor',
  '__proto__'.slice(2),
];

describe('ids', () => {
  it.each(BAD_IDS)('with %s are refused, wherever they stand', async (_, id) => {
    const ids: [keyof ScoreSubmission, string][] = [
      ['leaderboardId', 'leaderboard_id'],
      ['playerId', 'player_id'],
      ['submissionId', 'submission_id'],
    ];
    for (const [field, name] of ids) {
      // Without a submission id the service makes one.
      if (field === 'submissionId' && id === '') continue;
      expectInvalid(await wire.submit({ [field]: id }), `submission.${name}`);
      const { items } = await wire.batch([{}, { [field]: id }, { playerId: 'other' }]);
      expect(items.map(({ item }) => item?.$case)).toEqual(['result', 'error', 'result']);
      const error = items[1]?.item?.value as Status;
      expect(error.code).toBe(status.INVALID_ARGUMENT);
      expect(itemDetails(error).violations).toMatchObject([{ field: `submissions[1].${name}` }]);
    }
    const ranking = { leaderboardId: 'board', seasonId: '', segment: undefined };
    const standing = '/rostrum.v1.StandingService';
    expectInvalid(
      await wire.unary(
        `${standing}/GetStanding`,
        GetStandingRequest.encode({ ...ranking, playerId: id }).finish(),
      ),
      'player_id',
    );
    expectInvalid(
      await wire.unary(
        `${standing}/GetStanding`,
        GetStandingRequest.encode({ ...ranking, leaderboardId: id, playerId: 'p' }).finish(),
      ),
      'leaderboard_id',
    );
    expectInvalid(
      await wire.unary(
        `${standing}/BatchGetStandings`,
        BatchGetStandingsRequest.encode({ ...ranking, playerIds: ['p', id] }).finish(),
      ),
      'player_ids[1]',
    );
    expectInvalid(
      await wire.unary(
        `${standing}/ListStandingsAround`,
        ListStandingsAroundRequest.encode({
          ...ranking,
          count: 1,
          anchor: { $case: 'playerId', value: id },
        }).finish(),
      ),
      'player_id',
    );
  });

  it('that are not even UTF-8 are refused', async () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0xbd], [0xf4, 0x90, 0x80, 0x80]]) {
      const inner = [0x0a, bytes.length, ...bytes, 0x12, 1, 0x70];
      const answer = await wire.unary(
        '/rostrum.v1.ScoreService/SubmitScore',
        Buffer.from([0x0a, inner.length, ...inner]),
      );
      expectInvalid(answer, 'submission.leaderboard_id');
    }
  });

  it.each(GOOD_IDS)('such as %s are taken and come back as they are', async (id) => {
    const answer = await wire.submit({ leaderboardId: id, playerId: id, submissionId: id });
    expect(answer.code).toBe(status.OK);
    const again = await wire.submit({ leaderboardId: id, playerId: id, submissionId: id });
    expect(SubmitScoreResponse.decode(again.bytes).result).toMatchObject({ replayed: true });
    const { standings } = await list({ leaderboardId: id });
    expect(standings.map(({ playerId }) => playerId)).toEqual([id]);
  });

  it('that differ in case are different', async () => {
    for (const playerId of ['Same', 'same', 'SAME']) {
      await wire.submit({ leaderboardId: 'case', playerId });
    }
    expect((await list({ leaderboardId: 'case' })).totalPlayers).toBe(3);
  });
});

const BAD_NAMES: readonly [string, string][] = [
  ['65 characters', 'x'.repeat(65)],
  ['65 emoji', '\u{1f600}'.repeat(65)],
  ['a newline', 'a\nb'],
  ['an escape sequence', '\u001b[31mred'],
  ['NUL', 'a\0'],
  ['a C1 control', 'a\u0085'],
  ['a line separator', 'a\u2028b'],
  ['a paragraph separator', 'a\u2029b'],
  ['a right-to-left override', 'abc\u202edef'],
  ['an isolate', 'abc\u2066def'],
  ['a pop of an isolate', 'abc\u2069'],
  ['only spaces', '   '],
  ['only a no-break space', '\u00a0'],
  ['only a zero-width space', '\u200b'],
  ['only a byte order mark', '\ufeff'],
  ['only a combining mark', '\u0301'],
  ['only a soft hyphen', '\u00ad'],
  ['only a Hangul filler', '\u3164'],
  ['63 combining marks on a letter', `a${'\u0301'.repeat(63)}`],
  ['a non-character', 'a\ufffe'],
];

const GOOD_NAMES = [
  'Ada',
  'caf\u00e9',
  'cafe\u0301',
  'p\u0131p\u0130',
  '\uff21\uff11',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  '\u{1f1f9}\u{1f1f7}',
  '\u05d0\u05d1\u05d2',
  '\u0627\u0644\u0639\u0631\u0628\u064a\u0629',
  '日本語',
  'नमस्ते',
  "Robert'); DROP TABLE entries;--",
  '<b>&amp;</b>',
  '{"$case":1}',
  '\u{1f600}'.repeat(64),
  'a\\b"c',
  'NULL',
  '{a,b}',
  '\u{10ffff}'.length === 2 ? '\u{1d41a}' : '',
];

describe('display names', () => {
  it.each(BAD_NAMES)('with %s are refused', async (_, displayName) => {
    expectInvalid(await wire.submit({ displayName }), 'submission.display_name');
  });

  it.each(GOOD_NAMES)('%j is kept exactly, in every answer', async (displayName) => {
    const playerId = `n${GOOD_NAMES.indexOf(displayName)}`;
    const answer = await wire.submit({ leaderboardId: 'names', playerId, displayName });
    expect(SubmitScoreResponse.decode(answer.bytes).result?.standing).toMatchObject({
      displayName,
    });
    const { standings } = await list({ leaderboardId: 'names' });
    expect(standings.find((each) => each.playerId === playerId)?.displayName).toBe(displayName);
  });
});

describe('metadata', () => {
  it.each<[string, Record<string, unknown>]>([
    ['over 1,024 bytes', { a: 'x'.repeat(1_100) }],
    ['over 1,024 bytes in UTF-8', { a: '日'.repeat(400) }],
    ['a thousand keys', Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, n]))],
    ['NaN', { a: Number.NaN }],
    ['an infinite number', { a: [{ b: Number.POSITIVE_INFINITY }] }],
    ['NUL in a value', { a: 'x\0' }],
    ['NUL in a key', { 'a\0': 1 }],
    ['too many levels', nested(20)],
  ])('with %s is refused', async (_, metadata) => {
    expectInvalid(await wire.submit({ metadata }), 'submission.metadata');
  });

  it('nested beyond what is decoded at all is refused', async () => {
    expectInvalid(await wire.submit({ metadata: nested(400) }), '');
  });

  it('with odd keys is kept, and reaches nothing but itself', async () => {
    const metadata = JSON.parse(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"":"empty","toString":null,"a.b":[1,"2",null,true,{}]}',
    ) as Record<string, unknown>;
    const playerId = 'odd';
    const answer = await wire.submit({ leaderboardId: 'metadata', playerId, metadata });
    expect(answer.code).toBe(status.OK);
    const other = await wire.submit({ leaderboardId: 'metadata', playerId: 'plain' });
    expect(SubmitScoreResponse.decode(other.bytes).result?.standing?.metadata).toBeUndefined();
    const { standings } = await list({ leaderboardId: 'metadata' });
    const kept = standings.find((each) => each.playerId === playerId)?.metadata;
    expect(kept).toMatchObject({ '': 'empty', 'a.b': [1, '2', null, true, {}] });
  });

  it('of exactly 1,024 bytes is kept', async () => {
    const metadata = { a: 'x'.repeat(1024 - '{"a":""}'.length) };
    expect((await wire.submit({ leaderboardId: 'metadata', metadata })).code).toBe(status.OK);
    const more = { a: `${metadata.a}x` };
    expectInvalid(await wire.submit({ metadata: more }), 'submission.metadata');
  });
});

describe('client times', () => {
  const soon = () => BigInt(Math.floor(Date.now() / 1000));

  it('more than 5 minutes ahead are refused by their own reason', async () => {
    for (const seconds of [soon() + 400n, soon() + 10_000_000n, 253402300799n]) {
      expect(await wire.submit({ clientTime: { seconds, nanos: 0 } })).toMatchObject({
        code: status.INVALID_ARGUMENT,
        reason: 'CLIENT_TIME_IN_FUTURE',
        fields: ['submission.client_time'],
      });
    }
  });

  it.each<[string, bigint, number]>([
    ['before 1970', -1n, 0],
    ['after the year 9999', 253402300800n, 0],
    ['at the end of 64 bits', 2n ** 63n - 1n, 0],
    ['at the other end', -(2n ** 63n), 0],
    ['with negative nanos', 1n, -1],
    ['with too many nanos', 1n, 1_000_000_000],
  ])('%s are refused', async (_, seconds, nanos) => {
    expectInvalid(await wire.submit({ clientTime: { seconds, nanos } }), 'submission.client_time');
  });

  it('a little ahead, and from the beginning, are taken', async () => {
    for (const seconds of [soon() + 200n, 0n]) {
      const answer = await wire.submit({ clientTime: { seconds, nanos: 999_999_999 } });
      expect(answer.code).toBe(status.OK);
    }
  });
});

describe('enum numbers', () => {
  const none = { aggregation: 0, sortOrder: 0, subscoreSortOrder: 0 };

  it.each([
    ['aggregation', 'aggregation', 99, 'INVALID_FIELD', status.INVALID_ARGUMENT],
    ['aggregation', 'aggregation', -1, 'INVALID_FIELD', status.INVALID_ARGUMENT],
    ['aggregation', 'aggregation', 2 ** 31 - 1, 'INVALID_FIELD', status.INVALID_ARGUMENT],
    ['aggregation', 'aggregation', 4, 'NOT_SUPPORTED', status.UNIMPLEMENTED],
    ['aggregation', 'aggregation', 5, 'NOT_SUPPORTED', status.UNIMPLEMENTED],
    ['sortOrder', 'sort_order', 3, 'INVALID_FIELD', status.INVALID_ARGUMENT],
    ['sortOrder', 'sort_order', -(2 ** 31), 'INVALID_FIELD', status.INVALID_ARGUMENT],
    ['subscoreSortOrder', 'subscore_sort_order', 3, 'INVALID_FIELD', status.INVALID_ARGUMENT],
  ])('%s: %s = %d is %s', async (field, name, value, reason, code) => {
    const answer = await wire.submit({
      leaderboardId: 'never-made',
      newLeaderboard: { ...none, [field]: value },
    });
    expect(answer).toMatchObject({ code, reason });
    expect(answer.message).toContain(`submission.new_leaderboard.${name}`);
    const { code: found } = await wire.unary(
      '/rostrum.v1.StandingService/ListStandings',
      listRequest({ leaderboardId: 'never-made' }),
    );
    expect(found).toBe(status.NOT_FOUND);
  });

  it('planned fields are refused as planned', async () => {
    expect(await wire.submit({ segments: { mode: 'solo' } })).toMatchObject({
      code: status.UNIMPLEMENTED,
      reason: 'NOT_SUPPORTED',
    });
    const path = '/rostrum.v1.StandingService/ListStandings';
    await wire.submit({});
    expect(
      await wire.unary(path, listRequest({ segment: { key: 'mode', value: 'solo' } })),
    ).toMatchObject({ code: status.UNIMPLEMENTED, reason: 'NOT_SUPPORTED' });
    expectInvalid(
      await wire.unary(path, listRequest({ segment: { key: '', value: 'solo' } })),
      'segment.key',
    );
    expect(await wire.unary(path, listRequest({ seasonId: '2\u202e' }))).toMatchObject({
      code: status.NOT_FOUND,
      reason: 'SEASON_NOT_FOUND',
    });
  });
});

describe('page sizes, ranks and tokens', () => {
  const path = '/rostrum.v1.StandingService/ListStandings';

  it('negative ones are refused, huge ones lowered', async () => {
    await wire.submit({});
    for (const value of [-1, -(2 ** 31)]) {
      expectInvalid(await wire.unary(path, listRequest({ pageSize: value })), 'page_size');
      expectInvalid(await wire.unary(path, listRequest({ startRank: value })), 'start_rank');
      const around = ListStandingsAroundRequest.encode({
        ...{ leaderboardId: 'board', seasonId: '', segment: undefined, count: value },
        anchor: { $case: 'playerId', value: 'player' },
      }).finish();
      expectInvalid(
        await wire.unary('/rostrum.v1.StandingService/ListStandingsAround', around),
        'count',
      );
    }
    const all = await list({ pageSize: 2 ** 31 - 1 });
    expect(all.standings).toHaveLength(all.totalPlayers);
    const behind = await list({ startRank: 2 ** 31 - 1, pageSize: 1000 });
    expect(behind).toMatchObject({ standings: [], nextPageToken: '' });
    expect(behind.totalPlayers).toBe(all.totalPlayers);
  });

  it('around without an anchor is refused', async () => {
    const around = ListStandingsAroundRequest.encode({
      ...{ leaderboardId: 'board', seasonId: '', segment: undefined, count: 1 },
      anchor: undefined,
    }).finish();
    expectInvalid(
      await wire.unary('/rostrum.v1.StandingService/ListStandingsAround', around),
      'anchor',
    );
  });

  it('tokens that the service did not make for this ranking are refused', async () => {
    for (const playerId of ['a', 'b', 'c']) {
      await wire.submit({ leaderboardId: 'paged', playerId });
      await wire.submit({ leaderboardId: 'paged-2', playerId });
    }
    const { nextPageToken: good } = await list({ leaderboardId: 'paged', pageSize: 1 });
    const { nextPageToken: other } = await list({ leaderboardId: 'paged-2', pageSize: 1 });
    expect(good).not.toBe('');
    const flipped = Buffer.from(good, 'base64url');
    flipped[12] = (flipped[12] as number) ^ 1;
    const forged = [
      other,
      'x',
      '0',
      good.slice(0, -1),
      `${good}A`,
      `${good}=`,
      ` ${good}`,
      good.toUpperCase(),
      flipped.toString('base64url'),
      'A'.repeat(100_000),
      '\0',
      '\u202e',
      Buffer.alloc(19).toString('base64url'),
      Buffer.alloc(19, 255).toString('base64url'),
    ];
    for (const pageToken of forged) {
      expect(
        await wire.unary(path, listRequest({ leaderboardId: 'paged', pageToken })),
      ).toMatchObject({
        code: status.INVALID_ARGUMENT,
        reason: 'INVALID_PAGE_TOKEN',
        fields: ['page_token'],
      });
    }
    const rest = await list({ leaderboardId: 'paged', pageToken: good, pageSize: 1000 });
    expect(rest.standings).toHaveLength(2);
    expect(rest.nextPageToken).toBe('');
  });

  it('lists of players have their limits', async () => {
    const ranking = { leaderboardId: 'board', seasonId: '', segment: undefined };
    const batchGet = '/rostrum.v1.StandingService/BatchGetStandings';
    const ids = (count: number) => Array.from({ length: count }, (_, n) => `p${n}`);
    for (const count of [0, 1001]) {
      const message = BatchGetStandingsRequest.encode({ ...ranking, playerIds: ids(count) });
      expectInvalid(await wire.unary(batchGet, message.finish()), 'player_ids');
    }
    const message = BatchGetStandingsRequest.encode({ ...ranking, playerIds: ids(1000) });
    expect((await wire.unary(batchGet, message.finish())).code).toBe(status.OK);
  });
});

describe('batches and streams', () => {
  it('1,001 items are refused as a whole, and none counts', async () => {
    const items = Array.from({ length: 1001 }, (_, n) => ({
      leaderboardId: 'too-large',
      playerId: `p${n}`,
    }));
    const { answer } = await wire.batch(items);
    expect(answer).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'BATCH_TOO_LARGE',
      fields: ['submissions'],
      infos: [{ metadata: { limit: '1000', count: '1001' } }],
    });
    const listed = await wire.unary(
      '/rostrum.v1.StandingService/ListStandings',
      listRequest({ leaderboardId: 'too-large' }),
    );
    expect(listed.code).toBe(status.NOT_FOUND);
    const { items: results } = await wire.batch(items.slice(1));
    expect(results.filter(({ item }) => item?.$case === 'result')).toHaveLength(1000);
  });

  it('an empty batch is refused', async () => {
    expectInvalid((await wire.batch([])).answer, 'submissions');
    // One that holds a missing submission names it.
    const message = BatchSubmitScoresRequest.encode({ submissions: [submission({})] }).finish();
    const withEmpty = Buffer.concat([message, Buffer.from([0x0a, 0])]);
    const answer = await wire.unary('/rostrum.v1.ScoreService/BatchSubmitScores', withEmpty);
    expect(answer.code).toBe(status.OK);
  });

  it('a stream answers bad items in their place and goes on', async () => {
    const call = wire.bidi('/rostrum.v1.ScoreService/StreamScores');
    const answers: StreamScoresResponse[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      call.on('data', (bytes: Buffer) => answers.push(StreamScoresResponse.decode(bytes)));
      call.on('end', resolve);
      call.on('error', reject);
    });
    const send = (fields: Partial<ScoreSubmission> | undefined) =>
      call.write(
        Buffer.from(
          StreamScoresRequest.encode({ submission: fields && submission(fields) }).finish(),
        ),
      );
    send({ leaderboardId: 'streamed', playerId: 'a' });
    send({ leaderboardId: 'streamed', playerId: 'b', score: Number.NaN });
    send(undefined);
    send({ leaderboardId: 'streamed', playerId: '\u202e' });
    send({ leaderboardId: 'streamed', playerId: 'c' });
    call.end();
    await ended;
    const items = answers.map(({ item }) => item?.item);
    expect(items.map((item) => item?.$case)).toEqual([
      'result',
      'error',
      'error',
      'error',
      'result',
    ]);
    const fields = items.slice(1, 4).map((item) => itemDetails(item?.value as Status).violations);
    expect(fields).toMatchObject([
      [{ field: 'submission.score' }],
      [{ field: 'submission' }],
      [{ field: 'submission.player_id' }],
    ]);
    expect((await list({ leaderboardId: 'streamed' })).totalPlayers).toBe(2);
  });

  it('a sum that would leave ±(2^53 - 1) is refused, and nothing of it recorded', async () => {
    await using client = service.client('writer');
    const submit = (score: number, submissionId: string) =>
      client.scores.submit({
        ...{ leaderboardId: 'sum', playerId: 'p', score, submissionId },
        newLeaderboard: { aggregation: 'SUM' },
      });
    await submit(2 ** 53 - 1, '1');
    for (const id of ['2', '2', '3']) {
      await expect(submit(1, id)).rejects.toMatchObject({
        code: 'OUT_OF_RANGE',
        reason: 'TOTAL_OUT_OF_RANGE',
      });
    }
    // The id of a refused submission is free.
    expect(await submit(-1, '2')).toMatchObject({ outcome: 'APPLIED', replayed: false });
    const { standing } = await client.standings.get({ leaderboardId: 'sum', playerId: 'p' });
    expect(standing).toMatchObject({ score: 2 ** 53 - 2, submissionCount: 2 });
  });
});

function listRequest(fields: Partial<ListStandingsRequest>): Uint8Array {
  return ListStandingsRequest.encode({
    leaderboardId: 'board',
    seasonId: '',
    segment: undefined,
    pageSize: 0,
    pageToken: '',
    startRank: 0,
    ...fields,
  }).finish();
}

async function list(fields: Partial<ListStandingsRequest>): Promise<ListStandingsResponse> {
  const answer = await wire.unary('/rostrum.v1.StandingService/ListStandings', listRequest(fields));
  expect(answer.code).toBe(status.OK);
  return ListStandingsResponse.decode(answer.bytes);
}

/** The details of an item's error, read like those of a call. */
function itemDetails(error: Status) {
  const encoded = Buffer.from(Status.encode(error).finish());
  const metadata = { get: () => [encoded] };
  return statusDetails({ metadata } as unknown as Parameters<typeof statusDetails>[0]);
}

function nested(levels: number): Record<string, unknown> {
  return levels === 0 ? {} : { a: nested(levels - 1) };
}
