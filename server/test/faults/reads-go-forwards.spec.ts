import type { RostrumClient } from '@rostrum/client';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { untilIndexed } from './aftermath.ts';
import { empty, SplitStage } from './split-stage.ts';

const A = 0;
const B = 1;

let stage: SplitStage;
let a: RostrumClient;
let b: RostrumClient;
let admin: RostrumClient;

beforeAll(async () => {
  stage = await SplitStage.start();
  a = stage.client('reader', stage.servers[A]);
  b = stage.client('writer', stage.servers[B]);
  admin = stage.client('admin', stage.servers[A]);
});

beforeEach(async () => {
  // What it commits reaches the index long after PostgreSQL shows it.
  await stage.links[B].redis.set('slow');
});

afterAll(async () => {
  await Promise.all([a, b, admin].map((client) => client?.close()));
  await stage?.stop();
});

const TROUBLES: readonly (readonly [string, (leaderboardId: string) => Promise<void>])[] = [
  ['its index is lost', () => empty(stage.redis.primary)],
  [
    'its index is rebuilt',
    async (leaderboardId) => {
      for await (const _ of admin.admin.rebuild({ leaderboardId }));
    },
  ],
  [
    'the reading server loses its connection to Redis',
    async () => {
      await stage.links[A].redis.set('cut');
      await stage.links[A].redis.set('pass');
    },
  ],
];

it.each(TROUBLES)(
  'the reads of one caller go forwards while another server writes slowly and %s',
  async (trouble, bring) => {
    const leaderboardId = `forwards-${trouble.replaceAll(' ', '-')}`;
    const player = { leaderboardId, playerId: 'p' };
    await b.scores.submit({ ...player, score: 0 });
    await untilIndexed(a, leaderboardId);
    let running = true;
    const writing = (async () => {
      for (let score = 1; running; score += 1) await b.scores.submit({ ...player, score });
    })();
    const backwards: string[] = [];
    let elsewhere = 0;
    const reading = (async () => {
      let last = { score: 0, revision: 0 };
      while (running) {
        const { standing, revision } = await a.standings.get(player);
        const now = { score: standing.score, revision };
        if (now.score < last.score)
          backwards.push(`${JSON.stringify(last)}, ${JSON.stringify(now)}`);
        if (revision === 0) elsewhere += 1;
        last = now;
      }
    })();
    for (let times = 0; times < 8; times += 1) {
      await bring(leaderboardId);
      await untilIndexed(a, leaderboardId);
    }
    running = false;
    await Promise.all([writing, reading]);
    console.info(`${elsewhere} reads were answered by PostgreSQL`);
    expect(backwards).toEqual([]);
  },
);
