import { describe, expect, it } from 'vitest';
import { streamed } from '../../test/messages.js';
import { connectTo, ScriptedServer } from '../../test/scripted-server.js';
import { answering } from '../../test/scripted-stream.js';
import type { JsonObject, RostrumClient } from '../index.js';

/** Half of an emoji. */
const HALF = 'ada \ud83d';
const score = { leaderboardId: 'b', playerId: 'p', score: 1 };

/** Calls with such a text, and the field that is to blame. */
const CALLS: [string, (client: RostrumClient) => Promise<unknown>][] = [
  ['playerId', ({ scores }) => scores.submit({ ...score, playerId: HALF })],
  ['leaderboardId', ({ scores }) => scores.submit({ ...score, leaderboardId: HALF })],
  ['displayName', ({ scores }) => scores.submit({ ...score, displayName: HALF })],
  ['submissionId', ({ scores }) => scores.submit({ ...score, submissionId: HALF })],
  ['metadata.a_b', ({ scores }) => scores.submit({ ...score, metadata: { a_b: HALF } })],
  [
    'metadata.list[1].text',
    ({ scores }) => scores.submit({ ...score, metadata: { list: [1, { text: HALF }] } }),
  ],
  ['metadata.ada \ufffd', ({ scores }) => scores.submit({ ...score, metadata: { [HALF]: 1 } })],
  [
    'submissions[1].displayName',
    ({ scores }) => scores.batchSubmit([score, { ...score, displayName: HALF }]),
  ],
  ['playerId', ({ scores }) => scores.stream().submit({ ...score, playerId: HALF })],
  ['playerId', ({ standings }) => standings.get({ leaderboardId: 'b', playerId: HALF })],
  [
    'playerIds[1]',
    ({ standings }) => standings.batchGet({ leaderboardId: 'b', playerIds: ['a', HALF] }),
  ],
  ['playerId', ({ standings }) => standings.around({ leaderboardId: 'b', playerId: HALF })],
  ['pageToken', ({ standings }) => standings.listPage({ leaderboardId: 'b', pageToken: HALF })],
  [
    'displayName',
    ({ leaderboards }) => leaderboards.create({ leaderboardId: 'b', displayName: HALF }),
  ],
  [
    'metadata.k',
    ({ leaderboards }) => leaderboards.update({ leaderboardId: 'b', metadata: { k: HALF } }),
  ],
  [
    'view.around',
    ({ watch }) => watch.standings({ leaderboardId: 'b', view: { around: HALF } }).next(),
  ],
  [
    'view.players[0]',
    ({ watch }) => watch.liveView({ leaderboardId: 'b', view: { players: [HALF] } }).ready(),
  ],
  ['playerIds[0]', ({ watch }) => watch.changes({ leaderboardId: 'b', playerIds: [HALF] }).next()],
  ['resumeToken', ({ watch }) => watch.changes({ leaderboardId: 'b', resumeToken: HALF }).next()],
  ['leaderboardId', ({ standings }) => standings.top({ leaderboardId: HALF })],
  ['leaderboardId', ({ admin }) => admin.verify({ leaderboardId: HALF }).next()],
  ['service', ({ health }) => health.check({ service: HALF })],
];

describe('a text with half of a surrogate pair', () => {
  it.each(CALLS)('is refused in %s, rather than sent as another text', async (field, call) => {
    await using client = connectTo({ address: 'localhost:1' }, { defaultDeadlineMs: 2_000 });
    await expect(call(client)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_FIELD',
      fieldViolations: [{ field, description: expect.stringContaining('surrogate pair') }],
    });
  });

  it('is refused in its item alone by submitAll', async () => {
    const script = answering(streamed);
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const outcomes: boolean[] = [];
    const all = [score, { ...score, playerId: HALF }, score];
    for await (const { ok } of client.scores.submitAll(all)) outcomes.push(ok);
    expect(outcomes).toEqual([true, false, true]);
    expect(script.received).toHaveLength(2);
  });

  it('is no other text: pairs, U+FFFD itself and what only looks like its bytes are sent', async () => {
    const script = answering(streamed);
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    // The bytes of this double are those of U+FFFD.
    const bytes = Buffer.from('efbfbdefbfbdef3f', 'hex').readDoubleLE();
    const metadata: JsonObject = { '\ufffd': '\ufffd', '😀': [null, true, 1, { a: '😀' }] };
    await using stream = client.scores.stream();
    await stream.submit({ ...score, score: bytes, displayName: '😀 \ufffd', metadata });
    await stream.submit({ ...score, score: bytes });
    expect(script.received).toMatchObject([
      { score: bytes, displayName: '😀 \ufffd', metadata },
      { score: bytes },
    ]);
  });
});
