import { Client } from 'pg';
import type { Entry } from '../../src/domain/entry.js';
import type { LeaderboardId, PlayerId, RankingNo, SubmissionId } from '../../src/domain/ids.js';
import type { Tenure } from '../../src/domain/index-rules.js';
import { DEFAULT_SETTINGS, type LeaderboardSettings } from '../../src/domain/leaderboard.js';
import type { Log } from '../../src/domain/log.js';
import type { Ranking } from '../../src/domain/ranking.js';
import { PagedFiller } from '../../src/features/index/filling/paged-filler.js';
import { IndexBuilder } from '../../src/features/index/index-builder.js';
import { IndexTrust } from '../../src/features/index/index-trust.js';
import { IndexWriter } from '../../src/features/index/index-writer.js';
import type { EntryStore, IndexFiller } from '../../src/features/index/ports.js';
import { Database } from '../../src/stores/postgres/database.js';
import { PostgresEntryStore } from '../../src/stores/postgres/entry-store.js';
import { PostgresLifeStore } from '../../src/stores/postgres/life-store.js';
import { PostgresOutbox } from '../../src/stores/postgres/outbox.js';
import { PostgresRankingStore } from '../../src/stores/postgres/ranking-store.js';
import { PostgresSubmissionLog } from '../../src/stores/postgres/submission-log.js';
import { RedisConnection } from '../../src/stores/redis/connection.js';
import { RedisRankingIndex } from '../../src/stores/redis/ranking-index.js';
import {
  encodeStandingPayload,
  PAYLOAD_VERSION,
} from '../../src/wire/standing-payload-encoding.js';
import { countsIn } from './counts-in.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { createTestRedis, type TestRedis } from './test-redis.ts';

export const NO_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** What one server process has of the index: it shares the stores with others. */
export interface IndexProcess {
  readonly trust: IndexTrust;
  readonly builder: IndexBuilder;
  readonly writer: IndexWriter;
}

/** A committed batch of one submission. */
export interface Committed {
  readonly outboxId: number;
  readonly entry: Entry;
  readonly payload: Uint8Array;
  /** Of the entry before; 0 for none. */
  readonly previousVersion: number;
}

/** The index on real stores, in a life that is ready, for the specs of its parts. */
export class TestIndex {
  readonly database: Database;
  readonly redis: RedisConnection;
  readonly index: RedisRankingIndex;
  readonly rankings: PostgresRankingStore;
  readonly entries: PostgresEntryStore;
  readonly outbox: PostgresOutbox;
  readonly lives: PostgresLifeStore;
  readonly log: PostgresSubmissionLog;
  /** The process that `commit` and the specs speak of. */
  readonly own: IndexProcess;
  tenure!: Tenure;
  /** Indexes are filled when this resolves. */
  fillsMayGoOn: Promise<void> = Promise.resolve();
  /** Rankings that count as large ones; their indexes are filled when the promise resolves. */
  readonly large = new Map<RankingNo, Promise<void>>();
  readonly #stores: { database: TestDatabase; redis: TestRedis };
  #made = 0;

  static async start(): Promise<TestIndex> {
    const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
    const started = new TestIndex({ database, redis });
    await new Promise<void>((resolve) => started.redis.onReady(resolve));
    await started.beginLife();
    return started;
  }

  private constructor(stores: { database: TestDatabase; redis: TestRedis }) {
    this.#stores = stores;
    this.database = new Database({
      url: stores.database.url,
      name: 'test',
      maxConnections: 8,
      statementTimeoutMs: 10_000,
      connectTimeoutMs: 5_000,
    });
    this.redis = new RedisConnection({ url: stores.redis.url, commandTimeoutMs: 2_000 });
    this.index = new RedisRankingIndex(this.redis, 1_000, PAYLOAD_VERSION);
    this.rankings = new PostgresRankingStore(this.database, this.database);
    this.entries = new PostgresEntryStore(this.database, this.database);
    this.outbox = new PostgresOutbox(this.database);
    this.lives = new PostgresLifeStore(this.database);
    this.log = new PostgresSubmissionLog(this.database, 31);
    this.own = this.process();
  }

  get databaseUrl(): string {
    return this.#stores.database.url;
  }

  get redisUrl(): string {
    return this.#stores.redis.url;
  }

  /** Another process on the same stores; it is in no life yet. */
  process(): IndexProcess {
    const { index, rankings, entries } = this;
    const trust = new IndexTrust();
    const paged = new PagedFiller(index, entries, encodeStandingPayload);
    const filler: IndexFiller = {
      fill: async (...request) => {
        await this.fillsMayGoOn;
        await this.large.get(request[0].ranking.rankingNo);
        return paged.fill(...request);
      },
    };
    const counting: Pick<EntryStore, 'countUpTo'> = {
      countUpTo: (rankingNo, limit) =>
        this.large.has(rankingNo) ? Promise.resolve(limit) : entries.countUpTo(rankingNo, limit),
    };
    const builder = new IndexBuilder(index, rankings, counting, filler, trust, NO_LOG);
    return { trust, builder, writer: new IndexWriter(index, trust, builder) };
  }

  /** A life of the same Redis, as after a restart. `own` is in it. */
  async beginLife(): Promise<void> {
    const { redis } = this.redis;
    const life = (await this.lives.declare(this.tenure?.life, redis)).id;
    await this.lives.markReady(life);
    this.tenure = { life, redis };
    this.own.trust.enter(this.tenure);
    this.redis.admit(redis);
  }

  /** Everything in Redis is gone. */
  loseIndex(): Promise<void> {
    return this.#stores.redis.flush();
  }

  async createRanking(settings: LeaderboardSettings = DEFAULT_SETTINGS): Promise<Ranking> {
    this.#made += 1;
    const id = `board${this.#made}` as LeaderboardId;
    return (await this.rankings.createDefault(id, settings)).rankings[0];
  }

  /** A ranking with a whole index that has these scores, of players a, b, c, …; all settled. */
  async makeRanking(...scores: number[]): Promise<Ranking> {
    const ranking = await this.createRanking();
    for (const [at, score] of scores.entries()) {
      await this.commit(ranking, String.fromCharCode(97 + at), score);
    }
    await this.own.builder.rebuild(ranking, () => {});
    await this.sql('DELETE FROM rostrum.outbox');
    return ranking;
  }

  /** Commits a score, as a server does before it tells the index. */
  async commit(ranking: Ranking, playerId: string, score: number): Promise<Committed> {
    this.#made += 1;
    const submission = {
      ...countsIn(ranking),
      playerId: playerId as PlayerId,
      submissionId: `s${this.#made}` as SubmissionId,
      score,
      subscore: 0,
      clientUs: null,
      displayName: '',
      metadata: null,
    };
    const { outboxId, results } = await this.log.record([submission], false);
    const [result] = results;
    if (result?.kind !== 'recorded' || outboxId === undefined) throw new Error('not recorded');
    const { entry, previousVersion } = result;
    return { outboxId, entry, payload: encodeStandingPayload(entry), previousVersion };
  }

  /** Does something behind the back of the stores. */
  async sql(text: string, values: unknown[] = []): Promise<void> {
    const client = new Client({ connectionString: this.databaseUrl });
    await client.connect();
    await client.query(text, values).finally(() => client.end());
  }

  /** What the index shows, best first, as `player score`; undefined if it does not serve. */
  async shown(ranking: Ranking): Promise<string[] | undefined> {
    const { epoch } = await this.index.state(ranking);
    if (epoch === undefined) return undefined;
    const all = { kind: 'range', start: 0, count: 1_000 } as const;
    const answer = await this.index.read(ranking, epoch, [all]);
    if (answer.status !== 'answered') return undefined;
    return answer.value[0]?.rows.map(({ playerId, score }) => `${playerId} ${score}`);
  }

  async stop(): Promise<void> {
    this.redis.close();
    await this.database.close();
    await Promise.all([this.#stores.database.drop(), this.#stores.redis.flush()]);
  }
}
