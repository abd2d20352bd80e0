// The load of one process of the SDK, for `npm run clients -- typescript load`: it calls a server as fast as it
// answers, and prints a line of JSON for each kind of call.
import { setTimeout as delay } from 'node:timers/promises';
import { RostrumClient } from '@rostrum/client';

const WARM_UP_MS = 1_000;
const CALLERS = 64;
const VIEWS = 100;

/** Counts its calls until it is over. */
interface Progress {
  calls: number;
  over: boolean;
}

type Load = (client: RostrumClient, progress: Progress) => Promise<unknown>;

const LOADS: Readonly<Record<string, Load>> = {
  submit: (client, progress) => {
    let n = 0;
    return together(progress, () => client.scores.submit(score('load', n++, 10_000)));
  },

  stream: async (client, progress) => {
    const stream = client.scores.stream();
    const count = (): void => {
      progress.calls += 1;
    };
    for (let n = 0; !progress.over; n += 1) {
      stream.submit(score('load', n, 10_000)).then(count);
      await stream.ready();
    }
    await stream.end();
  },

  read: (client, progress) =>
    together(progress, () => client.standings.get({ leaderboardId: 'load', playerId: 'p1' })),

  // One score after the other, each time until every view has it.
  watch: async (client, progress) => {
    const views = Array.from({ length: VIEWS }, () =>
      client.watch.liveView(
        { leaderboardId: 'load-watch', minIntervalMs: 10 },
        { awaitLeaderboard: true },
      ),
    );
    let wanted = 0;
    let missing = 0;
    let all = Promise.withResolvers<void>();
    for (const view of views) {
      let has = 0;
      view.onUpdate(({ revision }) => {
        if (has >= wanted || revision < wanted) return;
        has = wanted;
        missing -= 1;
        if (missing === 0) all.resolve();
      });
      view.onState(({ status, error }) => {
        if (status === 'closed' && !progress.over) all.reject(error);
      });
    }
    await client.scores.submit(score('load-watch', 0, 10));
    await Promise.all(views.map((view) => view.ready()));
    for (let n = 1; !progress.over; n += 1) {
      const { revision } = await client.scores.submit(score('load-watch', n, 10));
      wanted = revision;
      missing = views.filter((view) => view.revision < revision).length;
      if (missing > 0) await all.promise;
      all = Promise.withResolvers<void>();
      progress.calls += VIEWS;
    }
    await Promise.all(views.map((view) => view.close()));
  },
};

function score(leaderboardId: string, n: number, players: number) {
  return { leaderboardId, playerId: `p${n % players}`, score: n };
}

/** Calls with many calls under way, until it is over. */
async function together(progress: Progress, call: () => Promise<unknown>): Promise<void> {
  const caller = async (): Promise<void> => {
    while (!progress.over) {
      await call();
      progress.calls += 1;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

/** What the load reaches after the warm-up. */
async function measure(client: RostrumClient, load: Load, seconds: number): Promise<object> {
  const progress: Progress = { calls: 0, over: false };
  const ended = load(client, progress);
  const tooEarly = ended.then(() => Promise.reject(new Error('the load ended too early')));
  tooEarly.catch(() => {});
  await Promise.race([tooEarly, delay(WARM_UP_MS)]);
  const [begin, cpu, before] = [performance.now(), process.cpuUsage(), progress.calls];
  await Promise.race([tooEarly, delay(seconds * 1_000)]);
  const { user, system } = process.cpuUsage(cpu);
  const measured = {
    calls: progress.calls - before,
    seconds: (performance.now() - begin) / 1_000,
    cpuSeconds: (user + system) / 1e6,
  };
  progress.over = true;
  await ended;
  return measured;
}

await using client = RostrumClient.connect();
const seconds = Number(process.env.ROSTRUM_LOAD_SECONDS ?? 5);
for (const [name, load] of Object.entries(LOADS)) {
  console.log(JSON.stringify({ load: name, ...(await measure(client, load, seconds)) }));
}
