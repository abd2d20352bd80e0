import { randomUUID } from 'node:crypto';
import {
  type RostrumClient,
  RostrumError,
  type ScoreItem,
  type ScoreResult,
  type Standing,
} from '@rostrum/client';
import { expect } from 'vitest';
import type { PlayerId } from '../../src/domain/ids.js';
import type { RankingRead } from '../../src/domain/ranking.js';
import {
  type BoardSettings,
  NaiveBoard,
  type NaiveResult,
  type NaiveStanding,
  type NaiveSubmission,
} from './naive-board.js';
import type { AbstractStep, AbstractSubmission } from './sequences.js';

/** So long that some records are members of the sorted set whole, some not, and some nearly. */
const REPLAYS = [0, 120, 150, 400].map((length) => 'r'.repeat(length));
const EPOCH = Date.UTC(2020, 0, 1);

/** When the service said that an entry changed; the model cannot know it beforehand. */
interface Times {
  readonly achieved: number;
  readonly updated: number;
}

/** Reaches into the store of record for what no call does. */
export interface ModelStore {
  /** Lets a player leave or return. False if that changes nothing. */
  setRanked(leaderboardId: string, playerId: string, ranked: boolean): Promise<boolean>;
  /** The players of each read, best first. */
  read(leaderboardId: string, reads: readonly RankingRead[]): Promise<string[][]>;
}

/** Plays one random sequence on a fresh board, on the server and on the model, and compares. */
export class BoardRun {
  readonly leaderboardId = `model-${randomUUID()}`;
  readonly #client: RostrumClient;
  readonly #settings: BoardSettings;
  readonly #model: NaiveBoard;
  readonly #prefix = randomUUID().slice(0, 8);
  readonly #sent: NaiveSubmission[] = [];
  readonly #times = new Map<string, Times>();
  readonly #store: ModelStore | undefined;
  #revision = 0;

  /** @param store for sequences in which players leave */
  constructor(client: RostrumClient, settings: BoardSettings, store?: ModelStore) {
    this.#client = client;
    this.#settings = settings;
    this.#model = new NaiveBoard(settings);
    this.#store = store;
  }

  async play(steps: readonly AbstractStep[]): Promise<void> {
    // Makes the board: what comes later in one batch is then one batch for the server too.
    await this.#submit('unary', [plain(0)]);
    for (const step of steps) await this.#step(step);
    await this.#compareEverything();
    if (this.#store !== undefined) await this.#compareStore(this.#store);
  }

  async #step(step: AbstractStep): Promise<void> {
    switch (step.kind) {
      case 'submit':
        return this.#submit(step.by, step.submissions);
      case 'list':
        return this.#compareList(step.start, step.count);
      case 'around':
        return this.#compareAround(this.#player(step.player), step.count);
      case 'aroundScore':
        return this.#compareAroundScore(step.score, step.count);
      case 'batchGet':
        return this.#compareBatchGet(step.players.map((player) => this.#player(player)));
      case 'setRanked':
        return this.#setRanked(this.#player(step.player), step.ranked);
    }
  }

  /* Leaving and returning. */

  /** The index hears of it from the outbox, and whoever watches from the index. */
  async #setRanked(playerId: string, ranked: boolean): Promise<void> {
    const { leaderboardId } = this;
    const before = this.#model.standings().find((standing) => standing.playerId === playerId);
    const messages = this.#client.watch.changes({ leaderboardId, playerIds: [playerId] });
    for await (const { changes, revision } of messages) {
      const [change] = changes;
      if (change === undefined) {
        // The feed has begun.
        const changed = await this.#store?.setRanked(leaderboardId, playerId, ranked);
        expect(changed).toBe(this.#model.setRanked(playerId, ranked));
        if (!changed) return;
        continue;
      }
      expect(change.kind).toBe(ranked ? 'ENTERED' : 'LEFT');
      expect(change.previousRank).toBe(before?.rank);
      expect(change.previousScore).toBe(before?.score);
      expect(change.standing?.rank ?? 0).toBe(this.#model.rankOf(playerId));
      expect(revision).toBe(this.#revision + 1);
      this.#revision = revision;
      return;
    }
  }

  /** What the store of record answers by itself, by either of its ways. */
  async #compareStore(store: ModelStore): Promise<void> {
    const all = this.#model.standings().map(({ playerId }) => playerId);
    const ids = this.#model.playerIds as PlayerId[];
    for (const attempt of [1, 2]) {
      const [list, found, ...around] = await store.read(this.leaderboardId, [
        { kind: 'range', start: 0, count: 1000 },
        { kind: 'players', playerIds: ids },
        // Only passes answer these.
        ...(attempt === 1 ? ids : []).map(
          (playerId) => ({ kind: 'around', playerId, count: 5 }) as const,
        ),
      ]);
      expect(list).toEqual(all);
      expect(found).toEqual(all);
      const expected = ids.map((id) =>
        this.#model.rankOf(id) === 0 ? [] : this.#model.around(id, 5).map((row) => row.playerId),
      );
      if (attempt === 1) expect(around).toEqual(expected);
    }
  }

  /* Submissions. */

  async #submit(
    by: 'unary' | 'batch' | 'stream',
    abstract: readonly AbstractSubmission[],
  ): Promise<void> {
    const submissions: NaiveSubmission[] = [];
    const known = this.#sent.length;
    for (const each of abstract) submissions.push(this.#concrete(each, known));
    const items = await this.#send(by, submissions);
    expect(items).toHaveLength(submissions.length);
    const seen = new Set<string>();
    submissions.forEach((submission, index) => {
      const expected = this.#model.submit(submission);
      // When exactly a repetition is looked at is not promised, and it changes nothing: only its
      // outcome is known.
      const key = `${submission.playerId} ${submission.submissionId}`;
      const standingIsKnown = !seen.has(key);
      seen.add(key);
      this.#compareResult(submission, items[index] as ScoreItem, expected, standingIsKnown);
      if (expected.refused === undefined) this.#sent.push(submission);
    });
  }

  /** Only what earlier steps sent is sent again: within a batch repetitions wait. */
  #concrete(abstract: AbstractSubmission, known: number): NaiveSubmission {
    if (abstract.again !== undefined && known > 0) {
      const earlier = this.#sent[abstract.again.pick % known] as NaiveSubmission;
      if (abstract.again.same) return earlier;
      // The same key with another content: any of the three parts counts.
      switch (abstract.again.pick % 3) {
        case 0:
          return { ...earlier, score: earlier.score === 7 ? 8 : 7 };
        case 1:
          return { ...earlier, subscore: earlier.subscore === 7 ? 8 : 7 };
        default:
          return {
            ...earlier,
            clientTime: earlier.clientTime === undefined ? new Date(EPOCH) : undefined,
          };
      }
    }
    const { time, name, metadata } = abstract;
    return {
      playerId: this.#player(abstract.player),
      submissionId: randomUUID(),
      score: abstract.score,
      subscore: abstract.subscore,
      clientTime: time === undefined ? undefined : new Date(EPOCH + time * 60_000),
      displayName: name === undefined ? '' : `Name ${name}`,
      metadata: metadata === undefined ? undefined : { replay: REPLAYS[metadata] as string },
    };
  }

  async #send(
    by: 'unary' | 'batch' | 'stream',
    submissions: readonly NaiveSubmission[],
  ): Promise<ScoreItem[]> {
    const messages = submissions.map((submission) => ({
      ...submission,
      leaderboardId: this.leaderboardId,
      newLeaderboard: this.#settings,
    }));
    // The model knows duplicates as an outcome.
    const options = { onDuplicate: 'resolve' } as const;
    if (by === 'batch') return this.#client.scores.batchSubmit(messages, options);
    if (by === 'unary') {
      const items: ScoreItem[] = [];
      for (const message of messages) {
        items.push(await toItem(this.#client.scores.submit(message, options)));
      }
      return items;
    }
    await using stream = this.#client.scores.stream(options);
    const items = await Promise.all(messages.map((message) => toItem(stream.submit(message))));
    await stream.end();
    return items;
  }

  #compareResult(
    submission: NaiveSubmission,
    item: ScoreItem,
    expected: NaiveResult,
    standingIsKnown: boolean,
  ): void {
    if (expected.refused !== undefined) {
      expect(item).toMatchObject({ ok: false, error: { reason: expected.refused } });
      return;
    }
    if (!item.ok) throw item.error;
    const { result } = item;
    if (!standingIsKnown) {
      const { outcome, replayed } = expected;
      expect(result).toMatchObject({ outcome, replayed });
      return;
    }
    expect({
      outcome: result.outcome,
      replayed: result.replayed,
      previousRank: result.previousRank,
      previousScore: result.previousScore,
      standing: withoutTimes(result.standing),
      totalPlayers: result.totalPlayers,
      ranked: result.ranked,
    }).toEqual(expected);
    if (result.ranked) {
      expect(result.revision).toBeGreaterThanOrEqual(this.#revision);
      this.#revision = result.revision;
    }
    this.#compareTimes(submission, result.standing, expected.outcome, expected.replayed);
  }

  #compareTimes(
    { playerId }: NaiveSubmission,
    standing: Standing,
    outcome: string,
    replayed: boolean,
  ): void {
    const now = timesOf(standing);
    const before = this.#times.get(playerId);
    expect(now.updated).toBeGreaterThanOrEqual(now.achieved);
    if (before !== undefined) {
      expect(now.updated).toBeGreaterThanOrEqual(before.updated);
      if (replayed || outcome !== 'APPLIED') expect(now.achieved).toBe(before.achieved);
      if (replayed || outcome === 'STALE' || outcome === 'DUPLICATE') {
        expect(now.updated).toBe(before.updated);
      }
    }
    this.#times.set(playerId, now);
  }

  /* Reads. */

  async #compareEverything(): Promise<void> {
    const total = this.#model.totalPlayers;
    await this.#compareList(0, 1000);
    for (let start = 0; start <= total; start += 1) {
      await Promise.all([1, 2, 7].map((count) => this.#compareList(start, count)));
    }
    await this.#comparePages(Math.max(1, Math.floor(total / 3)));
    const ids = this.#model.playerIds;
    const every = Array.from({ length: total + 2 }, (_, index) => index + 1);
    const ranked = this.#model.standings();
    const looked = new Set([0, 1, total >> 1, total - 1].map((at) => ranked[at]?.playerId));
    for (const playerId of ids) {
      await this.#compareGet(playerId);
      const counts = looked.has(playerId) ? every : [1, 2, 5, total];
      await Promise.all(counts.map((count) => this.#compareAround(playerId, count)));
    }
    const scores = new Set(this.#model.standings().map(({ score }) => score));
    for (const score of [...scores, 1.25, -1e15, 1e15]) {
      await Promise.all([1, 2, 3, total, total + 1].map((n) => this.#compareAroundScore(score, n)));
    }
    await this.#compareBatchGet([...ids, 'nobody', 'nobody-else']);
  }

  async #compareList(start: number, count: number): Promise<void> {
    const answer = await this.#client.standings.listPage({
      leaderboardId: this.leaderboardId,
      startRank: start + 1,
      pageSize: count,
    });
    this.#compareRows(answer, this.#model.standings().slice(start, start + count));
    // An empty page token is the only sign of the end.
    const more = start + answer.standings.length < this.#model.totalPlayers;
    expect(answer.nextPageToken !== '').toBe(more && answer.standings.length > 0);
  }

  async #comparePages(pageSize: number): Promise<void> {
    const rows: Standing[] = [];
    const { leaderboardId } = this;
    const all = this.#client.standings.list({ leaderboardId, pageSize });
    for await (const standing of all) rows.push(standing);
    expect(rows.map(withoutTimes)).toEqual(this.#model.standings());
  }

  async #compareGet(playerId: string): Promise<void> {
    const { leaderboardId } = this;
    const asked = this.#client.standings.get({ leaderboardId, playerId });
    if (this.#model.rankOf(playerId) === 0) {
      await expect(asked).rejects.toMatchObject({ reason: 'STANDING_NOT_FOUND' });
      return;
    }
    const { standing, ...answer } = await asked;
    const expected = this.#model.standings().filter((each) => each.playerId === playerId);
    this.#compareRows({ ...answer, standings: [standing] }, expected);
  }

  async #compareAround(playerId: string, count: number): Promise<void> {
    const { leaderboardId } = this;
    const answer = this.#client.standings.around({ leaderboardId, playerId, count });
    if (this.#model.rankOf(playerId) === 0) {
      await expect(answer).rejects.toMatchObject({ reason: 'STANDING_NOT_FOUND' });
      return;
    }
    this.#compareRows(await answer, this.#model.around(playerId, count));
  }

  async #compareAroundScore(score: number, count: number): Promise<void> {
    const { leaderboardId } = this;
    const answer = await this.#client.standings.around({ leaderboardId, score, count });
    this.#compareRows(answer, this.#model.aroundScore(score, count));
  }

  async #compareBatchGet(playerIds: readonly string[]): Promise<void> {
    const { leaderboardId } = this;
    const answer = await this.#client.standings.batchGet({ leaderboardId, playerIds });
    const wanted = new Set(playerIds);
    const expected = this.#model.standings().filter(({ playerId }) => wanted.has(playerId));
    expect(answer.standings.map(({ relativeRank }) => relativeRank)).toEqual(
      expected.map((_, index) => index + 1),
    );
    const missing = [...wanted].filter((id) => this.#model.rankOf(id) === 0);
    expect(answer.missingPlayerIds).toEqual(missing);
    this.#compareRows(answer, expected);
  }

  #compareRows(
    answer: { standings: readonly Standing[]; totalPlayers: number; revision: number },
    expected: readonly NaiveStanding[],
  ): void {
    expect(answer.standings.map(withoutTimes)).toEqual(expected);
    expect(answer.totalPlayers).toBe(this.#model.totalPlayers);
    // Nobody else writes: the revision of the last submission's answer, and from the index.
    expect(answer.revision).toBe(this.#revision);
    for (const standing of answer.standings) {
      expect(timesOf(standing)).toEqual(this.#times.get(standing.playerId));
    }
  }

  #player(player: number): string {
    return `${this.#prefix}-${player}`;
  }
}

function plain(player: number): AbstractSubmission {
  const rest = { time: 0, name: undefined, metadata: undefined, again: undefined };
  return { player, score: 1, subscore: 0, ...rest };
}

async function toItem(result: Promise<ScoreResult>): Promise<ScoreItem> {
  try {
    return { ok: true, result: await result };
  } catch (error) {
    if (error instanceof RostrumError) return { ok: false, error };
    throw error;
  }
}

/** A standing as the model knows it. */
function withoutTimes(row: Standing & { relativeRank?: number }) {
  const { achievedTime: _, updateTime: __, relativeRank: ___, submissionCount, ...rest } = row;
  return { ...rest, submissions: submissionCount };
}

function timesOf({ achievedTime, updateTime }: Standing): Times {
  return { achieved: achievedTime?.getTime() ?? 0, updated: updateTime?.getTime() ?? 0 };
}
