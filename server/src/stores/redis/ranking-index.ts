import { randomUUID } from 'node:crypto';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { LifeId, Tenure } from '../../domain/index-rules.js';
import type {
  ChangePage,
  Ranking,
  RankingChange,
  RankingRead,
  RankingView,
} from '../../domain/ranking.js';
import {
  type EncodedEntry,
  type FoundIndex,
  type IndexAnswer,
  type IndexApplied,
  type IndexBuild,
  type IndexInspection,
  IndexUnavailable,
  type IndexWrite,
  type Leaving,
  type PlayerPage,
  type RankingIndex,
} from '../../features/index/ports.js';
import { readChanges } from './changes.js';
import type { RedisConnection, ScriptReply } from './connection.js';
import { toInspection } from './inspection.js';
import { rankingChannel, rankingKeys } from './keys.js';
import { Status } from './layout.js';
import { readPlaces } from './places.js';
import { indexScore, recordLength, writeLeaving, writeRecord } from './record.js';
import { RecordGroup } from './record-group.js';
import { readRows } from './record-row.js';

/** What the scripts answer where there is no index, which is what a damaged one counts as. */
const ABSENT = [Status.ABSENT];
const NOTHING = Buffer.alloc(0);
const ZERO = Buffer.from('0');
const NO_STATE = [NOTHING, ZERO, ZERO, NOTHING, ZERO];

/** Rankings in Redis: one Lua call for each operation, see scripts/. */
export class RedisRankingIndex implements RankingIndex {
  readonly #redis: RedisConnection;
  readonly #feedRetention: number;
  readonly #payloadVersion: number;

  /**
   * @param feedRetention how many revisions each feed keeps
   * @param payloadVersion of the payloads that it is given, 1 to 255
   */
  constructor(redis: RedisConnection, feedRetention: number, payloadVersion: number) {
    this.#redis = redis;
    this.#feedRetention = feedRetention;
    this.#payloadVersion = payloadVersion;
  }

  get connected(): boolean {
    return this.#redis.connected;
  }

  get redis(): string {
    return this.#redis.redis;
  }

  ping(): Promise<void> {
    return this.#redis.ping();
  }

  async apply(
    ranking: Ranking,
    epoch: number,
    writes: readonly IndexWrite[],
  ): Promise<IndexApplied> {
    const [status, places, building, payloadVersion] = (await this.#redis.run(
      'apply',
      rankingKeys(ranking.rankingNo),
      [epoch, this.#feedRetention, rankingChannel(ranking.rankingNo), this.#pack(ranking, writes)],
      ABSENT,
    )) as [number, Buffer, number, number];
    switch (status) {
      case Status.DONE:
        return {
          status: 'applied',
          places: readPlaces(places),
          outdated: payloadVersion < this.#payloadVersion,
        };
      case Status.BUILDING:
        return { status: 'building', epoch: building };
      case Status.OTHER_EPOCH:
        return { status: 'otherEpoch' };
      default:
        return { status: 'absent' };
    }
  }

  async read(
    ranking: Ranking,
    epoch: number,
    reads: readonly RankingRead[],
  ): Promise<IndexAnswer<readonly RankingView[]>> {
    const args: (string | number)[] = [epoch, ''];
    let kinds = '';
    for (const read of reads) kinds += pushRead(args, ranking, read);
    args[1] = kinds;
    const [status, revisionText, totalPlayers, packed] = (await this.#redis.run(
      'read',
      rankingKeys(ranking.rankingNo),
      args,
      ABSENT,
    )) as [number, Buffer, number, Buffer];
    if (status !== Status.DONE) return unanswered(status);
    const revision = Number(revisionText);
    return {
      status: 'answered',
      value: readRows(ranking.settings, reads, packed).map((rows) => ({
        rows,
        totalPlayers,
        revision,
        epoch,
      })),
    };
  }

  async readChanges(
    ranking: Ranking,
    epoch: number,
    afterRevision: number,
    limit: number,
  ): Promise<IndexAnswer<ChangePage>> {
    const [status, revision, oldest, ...entries] = (await this.#redis.run(
      'changes',
      rankingKeys(ranking.rankingNo),
      [epoch, afterRevision, limit],
      ABSENT,
    )) as [number, Buffer, Buffer, ...ScriptReply[]];
    if (status !== Status.DONE) return unanswered(status);
    const changes: RankingChange[] = [];
    for (let at = 0; at < entries.length; at += 3) {
      const [id, count, packed] = entries.slice(at, at + 3) as [Buffer, number, Buffer];
      const last = Number.parseInt(id.toString('latin1'), 10);
      readChanges(ranking.settings, packed, last - count, afterRevision, changes);
    }
    return {
      status: 'answered',
      value: {
        epoch,
        revision: Number(revision),
        oldestRevision: Number(oldest),
        changes,
      },
    };
  }

  async state(ranking: Ranking): Promise<FoundIndex> {
    const [epoch, revision, players, life, payloadVersion] = (await this.#redis.run(
      'state',
      rankingKeys(ranking.rankingNo),
      [],
      NO_STATE,
    )) as [Buffer, Buffer, Buffer, Buffer, Buffer];
    return {
      epoch: epoch.length === 0 ? undefined : Number(epoch),
      life: life.toString('latin1'),
      revision: Number(revision),
      players: Number(players),
      outdated: Number(payloadVersion) < this.#payloadVersion,
    };
  }

  async adopt(
    ranking: Ranking,
    from: { readonly life: LifeId; readonly epoch: number },
    to: Tenure & { readonly epoch: number },
    revisionGap: number,
  ): Promise<boolean> {
    if (this.redis !== to.redis) return false;
    const reply = await this.#redis.run(
      'adopt',
      rankingKeys(ranking.rankingNo),
      [from.epoch, from.life, to.epoch, to.life, revisionGap, rankingChannel(ranking.rankingNo)],
      Status.ABSENT,
    );
    return reply === Status.DONE;
  }

  async beginBuild(
    ranking: Ranking,
    keepEpoch: number | undefined,
    newEpoch: number,
    { life, redis }: Tenure,
  ): Promise<IndexBuild> {
    const name = `${newEpoch}:${randomUUID()}`;
    if (this.redis !== redis) throw new IndexUnavailable('redis: another one is connected by now');
    await this.#redis.run('begin_build', rankingKeys(ranking.rankingNo), [
      keepEpoch ?? -1,
      name,
      this.#payloadVersion,
    ]);
    return { epoch: newEpoch, name, life, redis };
  }

  group(ranking: Ranking): RecordGroup {
    return new RecordGroup(ranking.settings, this.#payloadVersion);
  }

  async build(ranking: Ranking, build: IndexBuild, records: Buffer): Promise<boolean> {
    // Commands go out on the connection that this looks at, or fail: none is queued.
    if (this.redis !== build.redis) return false;
    const reply = await this.#redis.run(
      'build',
      rankingKeys(ranking.rankingNo),
      [build.name, records],
      Status.ABSENT,
    );
    return reply === Status.DONE;
  }

  async swap(
    ranking: Ranking,
    build: IndexBuild,
    entries: number,
    revisionFloor: number,
  ): Promise<number | undefined> {
    if (this.redis !== build.redis) return undefined;
    const reply = (await this.#redis.run(
      'swap',
      rankingKeys(ranking.rankingNo),
      [build.name, revisionFloor, rankingChannel(ranking.rankingNo), build.life, entries],
      NOTHING,
    )) as Buffer;
    return reply.length === 0 ? undefined : Number(reply);
  }

  async inspect(
    ranking: Ranking,
    epoch: number,
    playerIds: readonly PlayerId[],
  ): Promise<IndexAnswer<{ players: number; inspections: readonly IndexInspection[] }>> {
    const [status, players, ...pairs] = (await this.#redis.run(
      'inspect',
      rankingKeys(ranking.rankingNo),
      [epoch, ...playerIds],
      ABSENT,
    )) as [number, number, ...Buffer[]];
    if (status !== Status.DONE) return unanswered(status);
    const inspections = playerIds.map((playerId, index) =>
      toInspection(ranking, playerId, pairs[2 * index] as Buffer, pairs[2 * index + 1] as Buffer),
    );
    return { status: 'answered', value: { players, inspections } };
  }

  scan(ranking: Ranking, epoch: number, cursor: string): Promise<IndexAnswer<PlayerPage>> {
    return this.#list('scan', ranking, epoch, cursor);
  }

  scanOrphans(ranking: Ranking, epoch: number, cursor: string): Promise<IndexAnswer<PlayerPage>> {
    return this.#list('orphans', ranking, epoch, cursor);
  }

  async #list(
    script: 'scan' | 'orphans',
    ranking: Ranking,
    epoch: number,
    cursor: string,
  ): Promise<IndexAnswer<PlayerPage>> {
    const [status, next, ...players] = (await this.#redis.run(
      script,
      rankingKeys(ranking.rankingNo),
      [epoch, cursor],
      ABSENT,
    )) as [number, Buffer, ...Buffer[]];
    if (status !== Status.DONE) return unanswered(status);
    return {
      status: 'answered',
      value: {
        cursor: next.toString('latin1'),
        playerIds: players.map((player) => player.toString('latin1') as PlayerId),
      },
    };
  }

  async remove(rankingNo: RankingNo): Promise<void> {
    await this.#redis.unlink(rankingKeys(rankingNo));
  }

  /** Records, one behind the other. */
  #pack({ settings }: Ranking, writes: readonly IndexWrite[]): Buffer {
    let length = 0;
    for (const write of writes) {
      length += isRanked(write)
        ? recordLength(write.entry.playerId, write.payload.length)
        : recordLength(leavingOf(write).playerId);
    }
    const packed = Buffer.allocUnsafe(length);
    let at = 0;
    for (const write of writes) {
      if (isRanked(write)) {
        const { entry, payload } = write;
        at = writeRecord(packed, at, settings, entry, payload, this.#payloadVersion);
      } else {
        const { playerId, version } = leavingOf(write);
        at = writeLeaving(packed, at, playerId, version);
      }
    }
    return packed;
  }
}

function isRanked(write: IndexWrite): write is EncodedEntry {
  return 'entry' in write && write.entry.ranked;
}

function leavingOf(write: IndexWrite): Leaving {
  return 'entry' in write ? write.entry : write;
}

function unanswered(status: number): { status: 'absent' | 'otherEpoch' } {
  return { status: status === Status.OTHER_EPOCH ? 'otherEpoch' : 'absent' };
}

/** Adds what a read asks for, as read.lua takes it. Returns the letter of its kind. */
function pushRead(args: (string | number)[], ranking: Ranking, read: RankingRead): string {
  switch (read.kind) {
    case 'range':
      args.push(read.start, read.count);
      return 'r';
    case 'player':
      args.push(read.playerId);
      return 'p';
    case 'players':
      args.push(read.playerIds.length, ...read.playerIds);
      return 'l';
    case 'around':
      args.push(read.playerId, read.count);
      return 'a';
    case 'aroundScore':
      args.push(indexScore(ranking.settings, read.score), read.count);
      return 's';
  }
}
