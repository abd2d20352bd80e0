import type { RebuildProgress, RostrumClient, VerifyProgress } from '@rostrum/client';
import { RostrumError } from '@rostrum/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VerifyLeaderboardRequest } from '../../src/gen/rostrum/v1/admin.js';
import { collect } from '../support/collect.ts';
import { type IndexKeys, IndexTampering } from '../support/index-tampering.ts';
import { useTestService } from '../support/test-service.ts';

const service = useTestService();
let admin: RostrumClient;
let tampering: IndexTampering;

beforeAll(() => {
  admin = service.client('admin');
  tampering = new IndexTampering(service.redisUrl, service.databaseUrl);
});

afterAll(() => {
  tampering?.close();
});

/** What a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<RostrumError> {
  const error = await call.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof RostrumError))
    throw new Error('the call was not refused', { cause: error });
  return error;
}

/** Makes a leaderboard with players p0 (best) to p<count - 1>. */
async function fill(leaderboardId: string, count: number, note = ''): Promise<void> {
  for (let at = 0; at < count; at += 1_000) {
    const size = Math.min(1_000, count - at);
    await admin.scores.batchSubmit(
      Array.from({ length: size }, (_, index) => ({
        leaderboardId,
        playerId: `p${at + index}`,
        score: count - at - index,
        subscore: index,
        metadata: { index, note },
      })),
    );
  }
}

async function verify(leaderboardId: string): Promise<VerifyProgress & { all: string[] }> {
  const all: string[] = [];
  let last: VerifyProgress | undefined;
  for await (const progress of admin.admin.verify({ leaderboardId })) {
    expect(last?.done ?? false).toBe(false);
    all.push(...progress.differences.map(({ kind, playerId }) => `${kind} ${playerId}`));
    last = progress;
  }
  if (last === undefined) throw new Error('no message');
  return { ...last, all: all.sort() };
}

async function rebuild(leaderboardId: string): Promise<RebuildProgress> {
  const messages = await collect(admin.admin.rebuild({ leaderboardId }));
  return messages.at(-1) as RebuildProgress;
}

describe('ping', () => {
  it('answers every role with what it sent and who it is', async () => {
    for (const role of ['reader', 'writer', 'admin'] as const) {
      await using client = service.client(role);
      const answer = await client.admin.ping({ payload: 'hé' });
      expect(answer).toMatchObject({ payload: 'hé', role, name: role });
      expect(answer.version).toMatch(/^\d+\.\d+\.\d+/);
      expect(Math.abs(Date.now() - (answer.serverTime?.getTime() ?? 0))).toBeLessThan(5_000);
    }
  });

  it('takes up to 1,024 bytes', async () => {
    for (const payload of ['x'.repeat(1_024), 'é'.repeat(512), '🏁'.repeat(256), '']) {
      expect((await admin.admin.ping({ payload })).payload).toBe(payload);
    }
    for (const payload of ['x'.repeat(1_025), 'é'.repeat(513), '🏁'.repeat(257)]) {
      const error = await refusal(admin.admin.ping({ payload }));
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD' });
      expect(error.fieldViolations.map(({ field }) => field)).toEqual(['payload']);
    }
  });
});

describe('statistics', () => {
  it('tell what the server has done and how its stores are', async () => {
    const before = await admin.admin.stats();
    await fill('counted', 30);
    await using watch = admin.watch.standings({ leaderboardId: 'counted' });
    await watch.next();
    const after = await admin.admin.stats();
    expect(after.submissions.committed - before.submissions.committed).toBe(30);
    expect(after.submissions.batches).toBeGreaterThan(before.submissions.batches);
    expect(after.submissions.batchSizeMax).toBeGreaterThanOrEqual(1);
    expect(after.submissions.pending).toBe(0);
    expect(after.watches).toMatchObject({ standingsWatchers: 1, views: 1 });
    expect(after.watches.messages).toBeGreaterThan(before.watches.messages);
    expect(after.connections).toBeGreaterThanOrEqual(1);
    expect(after.memoryBytes).toBeGreaterThan(10 * 2 ** 20);
    expect(after.uptimeMs).toBeGreaterThan(before.uptimeMs);
    const asked = await Promise.all(Array.from({ length: 50 }, () => admin.admin.stats()));
    for (const { startTime } of asked) expect(startTime).toEqual(before.startTime);
    expect(after.rebuilding).toBe(0);
    expect(after.stores.map(({ name, healthy, state }) => [name, healthy, state])).toEqual([
      ['postgres', true, 'answers'],
      ['redis', true, 'answers'],
    ]);
    for (const store of after.stores) expect(store.p99Ms).toBeGreaterThanOrEqual(store.p50Ms);
    const batch = after.methods.find(({ method }) => method.endsWith('/BatchSubmitScores'));
    expect(batch?.calls).toBeGreaterThan(0);
    expect(batch?.p50Ms).toBeGreaterThan(0);
  });

  it('count a watch that its client ends as cancelled, one that the server ends as an error', async () => {
    const leaderboardId = 'ended';
    await fill(leaderboardId, 3);
    const counts = async () => {
      const { methods } = await admin.admin.stats();
      const of = (name: string) => methods.find(({ method }) => method.endsWith(name));
      return ['/WatchStandings', '/WatchChanges'].map((name) => ({
        cancelled: of(name)?.cancelled ?? 0,
        errors: of(name)?.errors ?? 0,
        missing: of(name)?.codes.NOT_FOUND ?? 0,
      }));
    };
    const [standings, changes] = await counts();
    for (const name of ['standings', 'changes'] as const) {
      await using watch = admin.watch[name]({ leaderboardId });
      await watch.next();
    }
    await expect.poll(counts, { timeout: 10_000 }).toMatchObject([
      { cancelled: (standings?.cancelled ?? 0) + 1, errors: standings?.errors },
      { cancelled: (changes?.cancelled ?? 0) + 1, errors: changes?.errors },
    ]);
    await using refused = admin.watch.changes({ leaderboardId: 'nowhere' });
    await expect(refused.next()).rejects.toMatchObject({ reason: 'LEADERBOARD_NOT_FOUND' });
    await expect.poll(counts).toMatchObject([
      { errors: standings?.errors },
      {
        cancelled: (changes?.cancelled ?? 0) + 1,
        errors: (changes?.errors ?? 0) + 1,
        missing: (changes?.missing ?? 0) + 1,
      },
    ]);
  });

  it('are for admins', async () => {
    await using writer = service.client('writer');
    expect((await refusal(writer.admin.stats())).reason).toBe('ROLE_NOT_ALLOWED');
    const calls = [
      () => collect(writer.admin.verify({ leaderboardId: 'counted' })),
      () => collect(writer.admin.rebuild({ leaderboardId: 'counted' })),
    ];
    for (const call of calls) expect((await refusal(call())).reason).toBe('ROLE_NOT_ALLOWED');
  });
});

describe('verifying', () => {
  it('finds nothing wrong with what was only submitted to', async () => {
    await fill('sound', 2_500);
    const result = await verify('sound');
    expect(result).toMatchObject({ checked: 2_500, total: 2_500, differenceCount: 0, all: [] });
  });

  it('takes an empty leaderboard, and says that there is none', async () => {
    await admin.leaderboards.create({ leaderboardId: 'empty' });
    expect(await verify('empty')).toMatchObject({ checked: 0, differenceCount: 0 });
    expect((await refusal(verify('nowhere'))).reason).toBe('LEADERBOARD_NOT_FOUND');
    using wire = service.wire('admin');
    const request = { leaderboardId: 'empty', seasonId: '9', segment: undefined };
    const message = VerifyLeaderboardRequest.encode(request).finish();
    const season = await wire.firstOf('/rostrum.v1.AdminService/VerifyLeaderboard', message);
    expect(season.reason).toBe('SEASON_NOT_FOUND');
  });

  type Tamper = (keys: IndexKeys) => Promise<unknown>;
  const direct = () => tampering.redis;
  const tamperings: [string, Tamper, string[]][] = [
    ['a record is gone', ({ entries }) => direct().hdel(entries, 'p7'), ['MISSING p7']],
    [
      'a place is gone',
      async (keys) => direct().zrem(keys.order, await tampering.memberOf(keys, 'p7')),
      ['DIFFERENT p7'],
    ],
    [
      'a place has another score',
      async (keys) => direct().zadd(keys.order, -999, await tampering.memberOf(keys, 'p7')),
      ['DIFFERENT p7'],
    ],
    [
      'a place belongs to nobody',
      async (keys) =>
        direct().zadd(
          keys.order,
          -999,
          tampering.forged(await tampering.recordOf(keys, 'p7'), 'ghost'),
        ),
      ['EXTRA ghost'],
    ],
    [
      'a player has a second place',
      async (keys) =>
        direct().zadd(keys.order, -999, tampering.aged(await tampering.recordOf(keys, 'p7'))),
      ['EXTRA p7'],
    ],
    [
      'a player was never in the store of record',
      async (keys) => {
        const record = await tampering.recordOf(keys, 'p7');
        await direct().hset(keys.entries, 'ghost', tampering.forged(record, 'ghost'));
        const place = await tampering.memberOf(keys, 'ghost');
        await direct().zadd(keys.order, -13, place);
      },
      ['EXTRA ghost'],
    ],
    [
      'one player takes the place of another',
      async (keys) => {
        const record = await tampering.recordOf(keys, 'p3');
        await direct().zrem(keys.order, record);
        await direct().zadd(keys.order, -999, tampering.forged(record, 'ghost'));
      },
      ['DIFFERENT p3', 'EXTRA ghost'],
    ],
    [
      'what answers show is another',
      async (keys) => {
        const record = await tampering.recordOf(keys, 'p7');
        record[record.length - 1] = (record.at(-1) ?? 0) ^ 1;
        await direct().hset(keys.entries, 'p7', record);
      },
      ['DIFFERENT p7'],
    ],
    [
      'a record is of an older version',
      async (keys) => {
        const record = await tampering.recordOf(keys, 'p7');
        await direct().hset(keys.entries, 'p7', tampering.aged(record));
      },
      ['DIFFERENT p7'],
    ],
    [
      'a record is no record',
      ({ entries }) => direct().hset(entries, 'p7', 'nonsense', 'p8', ''),
      ['DIFFERENT p7', 'MISSING p8'],
    ],
    [
      'a key is no id',
      ({ entries }) => direct().hset(entries, '"}{\0', 'nonsense'),
      ['EXTRA "}{\0'],
    ],
    ['the count is wrong', ({ meta }) => direct().hset(meta, 'count', 19), ['DIFFERENT ']],
    [
      'everything is gone but the name of it',
      ({ order, entries }) => direct().del(order, entries),
      Array.from({ length: 20 }, (_, index) => `MISSING p${index}`).sort(),
    ],
  ];

  describe('finds', () => {
    const found = new Map<string, Awaited<ReturnType<typeof verify>>>();
    const idOf = (name: string) => name.replaceAll(' ', '-');

    // All at the same time, because a difference is looked at for seconds before it is reported.
    beforeAll(async () => {
      const tamperAndVerify = async (name: string, tamper: Tamper) => {
        await fill(idOf(name), 20);
        await tamper(await tampering.keysOf(idOf(name)));
        found.set(name, await verify(idOf(name)));
      };
      await Promise.all(tamperings.map(([name, tamper]) => tamperAndVerify(name, tamper)));
    });

    it.each(tamperings)('that %s, and a rebuild mends it', async (name, _tamper, expected) => {
      expect(found.get(name)).toMatchObject({
        all: expected,
        done: true,
        checked: 20,
        differenceCount: expected.length,
      });
      const leaderboardId = idOf(name);
      expect(await rebuild(leaderboardId)).toEqual({ built: 20, total: 20, done: true });
      expect(await verify(leaderboardId)).toMatchObject({ checked: 20, differenceCount: 0 });
      const { standings } = await admin.standings.listPage({ leaderboardId });
      expect(standings.map(({ playerId }) => playerId)).toEqual(
        Array.from({ length: 20 }, (_, index) => `p${index}`),
      );
    });
  });

  const unreadable: [string, (record: Buffer) => Buffer][] = [
    ['says another length', (record) => Buffer.concat([record, Buffer.from('more')])],
    ['is cut', (record) => record.subarray(0, -20)],
    ['is too short to say anything', () => Buffer.from('nonsense')],
    ['is empty of meaning', () => Buffer.alloc(60)],
    ['is of a player that is not there', (record) => tampering.forged(record, 'ghost')],
  ];
  it.each(unreadable)('reads notice a large record that %s', async (name, spoil) => {
    const leaderboardId = `large-${name.replaceAll(' ', '-')}`;
    await fill(leaderboardId, 20, 'x'.repeat(400));
    const keys = await tampering.keysOf(leaderboardId);
    await direct().hset(keys.entries, 'p7', spoil(await tampering.recordOf(keys, 'p7')));
    await expectAllRight(leaderboardId);
  });

  it.each(unreadable.slice(0, 4))('reads notice a place that %s', async (name, spoil) => {
    const leaderboardId = `place-${name.replaceAll(' ', '-')}`;
    await fill(leaderboardId, 20);
    const keys = await tampering.keysOf(leaderboardId);
    const place = await tampering.memberOf(keys, 'p7');
    await direct().zrem(keys.order, place);
    await direct().zadd(keys.order, -13, spoil(place));
    await expectAllRight(leaderboardId);
  });

  /**
   * Many reads at once, so that they share calls to the index. They are answered right at once, and the
   * index is built anew. The player whose record was spoilt is not asked for by name.
   */
  async function expectAllRight(leaderboardId: string): Promise<void> {
    const before = await tampering.keysOf(leaderboardId);
    const players = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const others = players.filter((playerId) => playerId !== 'p7');
    const [list, ...ranks] = await Promise.all([
      admin.standings.listPage({ leaderboardId }),
      ...others.map((playerId) => admin.standings.get({ leaderboardId, playerId })),
    ]);
    expect(list.standings.map(({ playerId }) => playerId)).toEqual(players);
    expect(ranks.map(({ standing }) => `p${(standing?.rank ?? 0) - 1}`)).toEqual(others);
    await expect
      .poll(async () => (await tampering.keysOf(leaderboardId)).epoch)
      .toBeGreaterThan(before.epoch);
  }

  it('lists a thousand differences and counts all', async () => {
    await fill('wrecked', 1_500);
    const { order, entries } = await tampering.keysOf('wrecked');
    await tampering.redis.del(order, entries);
    const result = await verify('wrecked');
    expect(result.all).toHaveLength(1_000);
    expect(result).toMatchObject({ checked: 1_500, differenceCount: 1_500 });
  });

  it('reports nothing that submissions under way explain, and tells how far it is', async () => {
    const leaderboardId = 'busy';
    await fill(leaderboardId, 3_000);
    let stopped = false;
    let submitted = 0;
    const storm = Array.from({ length: 8 }, async (_, stream) => {
      for (let index = 0; !stopped; index += 1) {
        // Half of them hit the same few players again and again, half are new.
        const playerId = index % 2 === 0 ? `p${index % 7}` : `new-${stream}-${index}`;
        await admin.scores.submit({ leaderboardId, playerId, score: 10_000 + submitted });
        submitted += 1;
      }
    });
    try {
      for (let round = 0; round < 6; round += 1) {
        const result = await verify(leaderboardId);
        expect(result).toMatchObject({ differenceCount: 0, all: [] });
        expect(result.checked).toBeGreaterThanOrEqual(3_000);
      }
    } finally {
      stopped = true;
    }
    await Promise.all(storm);
    expect(submitted).toBeGreaterThan(100);
    expect(await verify(leaderboardId)).toMatchObject({ differenceCount: 0 });
  });

  it('finds real differences among submissions under way', async () => {
    const leaderboardId = 'busy-and-broken';
    await fill(leaderboardId, 50);
    const { order } = await tampering.keysOf(leaderboardId);
    await tampering.redis.zincrby(
      order,
      5,
      await tampering.memberOf(await tampering.keysOf(leaderboardId), 'p7'),
    );
    let stopped = false;
    const storm = Array.from({ length: 4 }, async (_, stream) => {
      for (let index = 0; !stopped; index += 1) {
        const playerId = `p${10 + ((index * 4 + stream) % 40)}`;
        await admin.scores.submit({ leaderboardId, playerId, score: 100 + index });
      }
    });
    const result = await verify(leaderboardId).finally(() => {
      stopped = true;
    });
    await Promise.all(storm);
    expect(result.all).toEqual(['DIFFERENT p7']);
  });

  it('stops when its caller goes', async () => {
    await fill('left', 10);
    const keys = await tampering.keysOf('left');
    await tampering.redis.zadd(keys.order, -999, await tampering.memberOf(keys, 'p7'));
    const stop = new AbortController();
    const messages = admin.admin.verify({ leaderboardId: 'left' }, { signal: stop.signal });
    // A suspect is looked at for seconds: there is time to go.
    const first = await messages.next();
    expect(first.value).toMatchObject({ checked: 10, done: false });
    stop.abort();
    await expect(messages.next()).rejects.toThrow();
    const calls = async () => {
      const { methods } = await admin.admin.stats();
      const method = methods.find((each) => each.method.endsWith('/VerifyLeaderboard'));
      return method?.cancelled ?? 0;
    };
    await expect.poll(calls).toBeGreaterThan(0);
  });
});

describe('rebuilding', () => {
  it('keeps reads right, loses no submission, and resets watchers', async () => {
    const leaderboardId = 'rebuilt';
    await fill(leaderboardId, 5_000);
    await using watch = admin.watch.standings({ leaderboardId });
    await watch.next();
    let stopped = false;
    let top = 5_000;
    let ranked = 0;
    const reading = (async () => {
      while (!stopped) {
        const { standings, totalPlayers } = await admin.standings.listPage({ leaderboardId });
        expect(totalPlayers).toBeGreaterThanOrEqual(5_000);
        expect(standings[0]?.score).toBeGreaterThanOrEqual(5_000);
      }
    })();
    const submitting = (async () => {
      while (!stopped) {
        top += 1;
        const result = await admin.scores.submit({ leaderboardId, playerId: 'new', score: top });
        // The index of a busy machine may take longer than a submission waits for its rank.
        if (result.ranked) ranked += 1;
        expect(result.standing).toMatchObject({ rank: result.ranked ? 1 : 0, score: top });
      }
    })();
    try {
      for (let round = 0; round < 3; round += 1) {
        const before = ranked;
        await expect.poll(() => ranked, { timeout: 30_000 }).toBeGreaterThan(before);
        const last = await rebuild(leaderboardId);
        expect(last.done).toBe(true);
        expect(last.built).toBeGreaterThanOrEqual(5_000);
        expect(last.total).toBeGreaterThanOrEqual(5_000);
      }
    } finally {
      stopped = true;
    }
    await Promise.all([reading, submitting]);
    expect(await verify(leaderboardId)).toMatchObject({ differenceCount: 0 });
    for await (const message of watch) {
      if (message.type === 'snapshot' && message.reset) break;
    }
  });

  it('goes on when its caller goes', async () => {
    const leaderboardId = 'abandoned';
    await fill(leaderboardId, 20_000);
    const before = await tampering.keysOf(leaderboardId);
    const stop = new AbortController();
    const messages = admin.admin.rebuild({ leaderboardId }, { signal: stop.signal });
    const first = messages.next().catch(() => undefined);
    await expect.poll(async () => (await admin.admin.stats()).rebuilding, { interval: 5 }).toBe(1);
    stop.abort();
    await first;
    await expect
      .poll(async () => (await tampering.keysOf(leaderboardId)).epoch, { timeout: 30_000 })
      .toBeGreaterThan(before.epoch);
    expect(await verify(leaderboardId)).toMatchObject({ checked: 20_000, differenceCount: 0 });
  });

  it('refuses a leaderboard that does not exist', async () => {
    expect((await refusal(rebuild('nowhere'))).reason).toBe('LEADERBOARD_NOT_FOUND');
  });
});
