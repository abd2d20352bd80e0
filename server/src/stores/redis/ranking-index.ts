import { randomUUID } from 'node:crypto';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { IndexState, LifeId, Tenure } from '../../domain/index-rules.js';
import type {
  ChangePage,
  Ranking,
  RankingChange,
  RankingRead,
  RankingView,
} from '../../domain/ranking.js';
import {
  type EncodedEntry,
  type IndexAnswer,
  type IndexApplied,
  type IndexBuild,
  type IndexInspection,
  type IndexPlace,
  IndexUnavailable,
  type PlayerPage,
  type RankingIndex,
} from '../../features/index/ports.js';
import type { RedisConnection, ScriptReply } from './connection.js';
import { toInspection } from './inspection.js';
import { rankingChannel, rankingKeys } from './keys.js';
import { indexScore, recordEnd, recordLength, writeRecord } from './record.js';
import { RecordGroup } from './record-group.js';
import { RecordRow, readRows } from './record-row.js';

/** How many bytes of apply.lua's `places` tell of one entry. */
const PLACE_LENGTH = 29;
/** How many bytes of a change come before its record. */
const CHANGE_HEADER = 20;

/** What the scripts answer where there is no index, which is what a damaged one counts as. */
const ABSENT = [0];
const NOTHING = Buffer.alloc(0);
const NO_STATE = [NOTHING, Buffer.from('0'), Buffer.from('0'), NOTHING];

/** Rankings in Redis: one Lua call for each operation, see scripts/. */
export class RedisRankingIndex implements RankingIndex {
  readonly #redis: RedisConnection;
  readonly #feedRetention: number;

  /** @param feedRetention how many revisions each feed keeps */
  constructor(redis: RedisConnection, feedRetention: number) {
    this.#redis = redis;
    this.#feedRetention = feedRetention;
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
    entries: readonly EncodedEntry[],
  ): Promise<IndexApplied> {
    const [status, places, building] = (await this.#redis.run(
      'apply',
      rankingKeys(ranking.rankingNo),
      [
        epoch,
        this.#feedRetention,
        rankingChannel(ranking.rankingNo),
        packEntries(ranking, entries),
      ],
      ABSENT,
    )) as [number, Buffer, number];
    switch (status) {
      case 1:
        return { status: 'applied', places: readPlaces(ranking, places) };
      case 2:
        return { status: 'building', epoch: building };
      case 3:
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
    if (status !== 1) return unanswered(status);
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
    if (status !== 1) return unanswered(status);
    const changes: RankingChange[] = [];
    for (let at = 0; at < entries.length; at += 3) {
      const [id, count, packed] = entries.slice(at, at + 3) as [Buffer, number, Buffer];
      const last = Number.parseInt(id.toString('latin1'), 10);
      readChanges(ranking, packed, last - count, afterRevision, changes);
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

  async state(ranking: Ranking): Promise<IndexState> {
    const [epoch, revision, players, life] = (await this.#redis.run(
      'state',
      rankingKeys(ranking.rankingNo),
      [],
      NO_STATE,
    )) as [Buffer, Buffer, Buffer, Buffer];
    return {
      epoch: epoch.length === 0 ? undefined : Number(epoch),
      life: life.toString('latin1'),
      revision: Number(revision),
      players: Number(players),
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
      0,
    );
    return reply === 1;
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
      newEpoch,
      name,
    ]);
    return { epoch: newEpoch, name, life, redis };
  }

  group(ranking: Ranking): RecordGroup {
    return new RecordGroup(ranking.settings);
  }

  async build(ranking: Ranking, build: IndexBuild, records: Buffer): Promise<boolean> {
    // Commands go out on the connection that this looks at, or fail: none is queued.
    if (this.redis !== build.redis) return false;
    const reply = await this.#redis.run(
      'build',
      rankingKeys(ranking.rankingNo),
      [build.name, records],
      0,
    );
    return reply === 1;
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
    if (status !== 1) return unanswered(status);
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
    if (status !== 1) return unanswered(status);
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
}

function unanswered(status: number): { status: 'absent' | 'otherEpoch' } {
  return { status: status === 2 ? 'otherEpoch' : 'absent' };
}

function packEntries(ranking: Ranking, entries: readonly EncodedEntry[]): Buffer {
  let length = 0;
  for (const { entry, payload } of entries) length += recordLength(entry, payload);
  const packed = Buffer.allocUnsafe(length);
  let offset = 0;
  for (const { entry, payload } of entries) {
    offset = writeRecord(packed, offset, ranking.settings, entry, payload);
  }
  return packed;
}

/** As apply.lua tells it. */
const WRITTEN = 1;
const NEWER = 2;

function readPlaces(ranking: Ranking, packed: Buffer): IndexPlace[] {
  const places: IndexPlace[] = [];
  for (let at = 0; at < packed.length; at += PLACE_LENGTH) {
    places.push({
      had: hadBefore(packed[at], packed.readUInt32BE(at + 1)),
      previousRank: packed.readUInt32BE(at + 1),
      previousScore: indexScore(ranking.settings, packed.readDoubleBE(at + 21)),
      rank: packed.readUInt32BE(at + 5),
      totalPlayers: packed.readUInt32BE(at + 9),
      revision: packed.readDoubleBE(at + 13),
    });
  }
  return places;
}

function hadBefore(state: number | undefined, previousRank: number): IndexPlace['had'] {
  if (state === WRITTEN) return previousRank === 0 ? 'none' : 'older';
  return state === NEWER ? 'newer' : 'same';
}

function readChanges(
  ranking: Ranking,
  packed: Buffer,
  revisionBefore: number,
  afterRevision: number,
  into: RankingChange[],
): void {
  let revision = revisionBefore;
  for (let at = 0; at < packed.length; ) {
    revision += 1;
    const recordAt = at + CHANGE_HEADER;
    const end = recordEnd(packed, recordAt);
    if (revision > afterRevision) {
      const rank = packed.readUInt32BE(at + 4);
      const row = new RecordRow(ranking.settings, rank, packed, recordAt, end);
      into.push({
        revision,
        playerId: row.playerId,
        previousRank: packed.readUInt32BE(at),
        previousScore: indexScore(ranking.settings, packed.readDoubleBE(at + 12)),
        row,
        totalPlayers: packed.readUInt32BE(at + 8),
      });
    }
    at = end;
  }
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
