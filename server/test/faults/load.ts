import { randomUUID } from 'node:crypto';
import { type RostrumClient, RostrumError, type ScoreResult } from '@rostrum/client';

export interface LoadOptions {
  /** Clients of the servers that a caller may use; it goes on with the next when one fails. */
  readonly clients: readonly RostrumClient[];
  readonly leaderboardId: string;
  readonly aggregation: 'SUM' | 'BEST';
  /** Default: 6. Each has players of its own, and one call at a time. */
  readonly callers?: number;
}

/** What a player must have by now: the caller who owns the player has nothing under way. */
interface Expected {
  score: number;
  submissions: number;
}

interface Item {
  readonly leaderboardId: string;
  readonly playerId: string;
  readonly submissionId: string;
  readonly score: number;
  readonly newLeaderboard: { aggregation: 'SUM' | 'BEST' };
}

export interface Acknowledged extends Item {
  readonly result: ScoreResult;
}

const PLAYERS_EACH = 5;
/** Longer than any fault of the tests lasts. */
const DEADLINE_MS = 60_000;
/** After which another server is tried, where there is one. */
const FAILOVER_MS = 500;
/** For how long a server that failed is left alone. */
const AVOID_MS = 1_000;

/** An answer, and of whose server it is. */
interface Answered<T> {
  readonly value: T;
  readonly client: RostrumClient;
}

/**
 * Submits without a pause until told to stop, retrying with the same submission id until each is
 * acknowledged, and compares every read with what must hold at that moment: what was acknowledged is in
 * every read of the same server, and what was acknowledged with `ranked` in those of the others too.
 */
export class Load {
  readonly acknowledged: Acknowledged[] = [];
  /** What was wrong; must stay empty. */
  readonly violations: string[] = [];
  readonly #options: LoadOptions;
  readonly #expected = new Map<string, Expected>();
  /** What the server of each client must show by now, by player. */
  readonly #shownBy: ReadonlyMap<RostrumClient, Map<string, Expected>>;
  /** By player: what the last acknowledgement said, to explain violations. */
  readonly #last = new Map<string, string>();
  readonly #begun = new Set<string>();
  readonly #failedAt = new Map<RostrumClient, number>();
  readonly #callers: Promise<void>[];
  #reads = 0;
  #unranked = 0;
  #running = true;
  #waiting: { count: number; resolve: () => void }[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#shownBy = new Map(options.clients.map((client) => [client, new Map()]));
    this.#callers = Array.from({ length: options.callers ?? 6 }, (_, caller) =>
      this.#run(caller).catch((error: unknown) => {
        this.violations.push(`caller ${caller} ended: ${describe(error)}`);
        this.#running = false;
        for (const { resolve } of this.#waiting.splice(0)) resolve();
      }),
    );
  }

  get reads(): number {
    return this.#reads;
  }

  /** Submissions that were acknowledged as durable while the index was away. */
  get unranked(): number {
    return this.#unranked;
  }

  /** What each player must have in the end. */
  get expected(): ReadonlyMap<string, Readonly<Expected>> {
    return this.#expected;
  }

  /** Resolves when so many more submissions are acknowledged. */
  async more(count: number): Promise<void> {
    const target = this.acknowledged.length + count;
    if (!this.#running) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count: target, resolve }));
  }

  /** Ends the load; what is under way is finished. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#callers);
  }

  async #run(caller: number): Promise<void> {
    const players = Array.from({ length: PLAYERS_EACH }, (_, n) => `c${caller}-p${n}`);
    for (let turn = 0; this.#running; turn += 1) {
      const count = [1, 1, 1, 3, 12][turn % 5] as number;
      const items = Array.from({ length: count }, () => this.#item(pick(players)));
      for (const { playerId } of items) this.#begun.add(playerId);
      if (count === 1) this.#take(items[0] as Item, await this.#submit(items[0] as Item));
      else if (count === 3) await this.#batch(items);
      else await this.#stream(items);
      if (turn % 2 === 0) await this.#readOwn(pick(players));
      if (turn % 3 === 0) await this.#readAll(players);
    }
  }

  #item(playerId: string): Item {
    const { leaderboardId, aggregation } = this.#options;
    const score = 1 + Math.floor(Math.random() * (aggregation === 'SUM' ? 5 : 1_000_000));
    const newLeaderboard = { aggregation };
    return { leaderboardId, playerId, submissionId: randomUUID(), score, newLeaderboard };
  }

  /** One after the other over the clients, until one answers. */
  async #anywhere<T>(
    call: (client: RostrumClient, deadlineMs: number) => Promise<T>,
  ): Promise<Answered<T>> {
    const { clients } = this.#options;
    const isAlone = clients.length === 1;
    const giveUpAt = Date.now() + DEADLINE_MS;
    for (;;) {
      const client = this.#likely();
      try {
        return { value: await call(client, isAlone ? DEADLINE_MS : FAILOVER_MS), client };
      } catch (error) {
        if (isAlone || !isPassing(error) || Date.now() > giveUpAt) throw error;
        this.#failedAt.set(client, Date.now());
      }
    }
  }

  /** A client that has not failed lately. */
  #likely(): RostrumClient {
    const { clients } = this.#options;
    const failedAt = (client: RostrumClient) => this.#failedAt.get(client) ?? 0;
    const good = clients.filter((client) => Date.now() - failedAt(client) > AVOID_MS);
    return pick(good.length > 0 ? good : clients);
  }

  #submit(item: Item): Promise<Answered<ScoreResult>> {
    return this.#anywhere((client, deadlineMs) => client.scores.submit(item, { deadlineMs }));
  }

  async #batch(items: readonly Item[]): Promise<void> {
    const { value: answers, client } = await this.#anywhere((client, deadlineMs) =>
      client.scores.batchSubmit(items, { deadlineMs }),
    );
    for (const [index, item] of items.entries()) {
      const answer = answers[index];
      if (answer === undefined) this.violations.push('a batch was answered with too few items');
      else if (answer.ok) this.#take(item, { value: answer.result, client });
      else this.#take(item, await this.#submitAgain(item, answer.error));
    }
  }

  async #stream(items: readonly Item[]): Promise<void> {
    const giveUpAfterMs = this.#options.clients.length === 1 ? DEADLINE_MS : FAILOVER_MS;
    const client = this.#likely();
    const stream = client.scores.stream({ giveUpAfterMs });
    const answers = await Promise.allSettled(items.map((item) => stream.submit(item)));
    // Where it failed as a whole, so did its submissions, which are sent again below.
    await stream.end().catch(() => {});
    for (const [index, item] of items.entries()) {
      const answer = answers[index] as PromiseSettledResult<ScoreResult>;
      this.#take(
        item,
        answer.status === 'fulfilled'
          ? { value: answer.value, client }
          : await this.#submitAgain(item, answer.reason),
      );
    }
  }

  /** Nobody knows whether it was recorded: the same id makes it once in any case. */
  #submitAgain(item: Item, error: unknown): Promise<Answered<ScoreResult>> {
    if (!isPassing(error)) throw error;
    return this.#submit(item);
  }

  #take(item: Item, { value: result, client }: Answered<ScoreResult>): void {
    this.acknowledged.push({ ...item, result });
    const before = this.#expected.get(item.playerId);
    const score =
      before === undefined
        ? item.score
        : this.#options.aggregation === 'SUM'
          ? before.score + item.score
          : Math.max(before.score, item.score);
    const now = { score, submissions: (before?.submissions ?? 0) + 1 };
    this.#expected.set(item.playerId, now);
    for (const by of result.ranked ? this.#options.clients : [client]) {
      this.#shownBy.get(by)?.set(item.playerId, now);
    }
    if (!['APPLIED', 'NOT_IMPROVED'].includes(result.outcome)) {
      this.violations.push(`outcome ${result.outcome} for ${item.playerId}`);
    }
    if (result.ranked !== result.standing.rank > 0) {
      this.violations.push(`ranked ${result.ranked} with rank ${result.standing.rank}`);
    }
    if (!result.ranked) this.#unranked += 1;
    const { ranked, replayed, revision } = result;
    const at = new Date().toISOString().slice(17);
    this.#last.set(item.playerId, `ranked ${ranked}, replayed ${replayed}, ${revision} at ${at}`);
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.acknowledged.length < count) return true;
      resolve();
      return false;
    });
  }

  /** The caller's player must stand as its last acknowledged submission left it. */
  async #readOwn(playerId: string): Promise<void> {
    const expected = this.#expected.get(playerId);
    if (expected === undefined) return;
    const { leaderboardId } = this.#options;
    const answer = await this.#read((client, deadlineMs) =>
      client.standings.get({ leaderboardId, playerId }, { deadlineMs }),
    );
    if (answer === undefined) return;
    const { standing, totalPlayers, revision } = answer.value;
    const { score, submissionCount: submissions } = standing;
    const least = this.#shownBy.get(answer.client)?.get(playerId) ?? { score: 0, submissions: 0 };
    const isRight =
      submissions === expected.submissions
        ? score === expected.score
        : submissions >= least.submissions && submissions < expected.submissions;
    if (!isRight) {
      const found = `${playerId} has ${score} in ${submissions}, revision ${revision}`;
      this.violations.push(`${found}; acknowledged are ${JSON.stringify(expected)}`);
    }
    if (standing.rank < 1 || standing.rank > totalPlayers) {
      this.violations.push(`${playerId} has rank ${standing.rank} of ${totalPlayers}`);
    }
  }

  /** The whole list: in order, complete, and with everything that was acknowledged before. */
  async #readAll(own: readonly string[]): Promise<void> {
    const mostOfOwn = new Map(own.map((id) => [id, this.#expected.get(id)?.score]));
    const shownBefore = new Map(
      [...this.#shownBy].map(([client, shown]) => [client, new Map(shown)]),
    );
    const answer = await this.#read((client, deadlineMs) =>
      client.standings.listPage(
        { leaderboardId: this.#options.leaderboardId, pageSize: 1000 },
        { deadlineMs },
      ),
    );
    if (answer === undefined) return;
    const { standings, totalPlayers, revision } = answer.value;
    const atLeast = shownBefore.get(answer.client) ?? new Map<string, Expected>();
    const at = new Date().toISOString().slice(17);
    const wrong = (what: string) =>
      this.violations.push(`list at revision ${revision}, ${at}: ${what}`);
    if (standings.length !== totalPlayers) wrong(`${standings.length} of ${totalPlayers} rows`);
    if (totalPlayers < atLeast.size) wrong(`${totalPlayers} players, at least ${atLeast.size} are`);
    if (totalPlayers > this.#begun.size) wrong(`${totalPlayers} players of ${this.#begun.size}`);
    const seen = new Map(standings.map(({ playerId, score }) => [playerId, score]));
    if (seen.size !== standings.length) wrong('a player stands in it twice');
    standings.forEach(({ rank, score }, index) => {
      if (rank !== index + 1) wrong(`rank ${rank} in place ${index + 1}`);
      if (score > (standings[index - 1]?.score ?? Infinity)) wrong(`rank ${rank} out of order`);
    });
    for (const [playerId, { score }] of atLeast) {
      const found = seen.get(playerId);
      if (found === undefined || found < score) {
        wrong(`${playerId} has ${found}, not ${score} (${this.#last.get(playerId)})`);
      } else if (own.includes(playerId) && found > (mostOfOwn.get(playerId) ?? 0)) {
        wrong(`own ${playerId} has ${found}`);
      }
    }
  }

  /** Undefined where the service honestly said that it cannot answer. */
  async #read<T>(
    call: (client: RostrumClient, deadlineMs: number) => Promise<T>,
  ): Promise<Answered<T> | undefined> {
    this.#reads += 1;
    try {
      return await this.#anywhere(call);
    } catch (error) {
      if (isPassing(error)) return undefined;
      this.violations.push(`a read failed: ${describe(error)}`);
      return undefined;
    }
  }
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof RostrumError &&
    ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED'].includes(error.code)
  );
}

function describe(error: unknown): string {
  return error instanceof RostrumError
    ? `${error.code} ${error.reason} ${error.message}`
    : String((error as Error)?.stack ?? error);
}

function pick<T>(values: readonly T[]): T {
  return values[Math.floor(Math.random() * values.length)] as T;
}
