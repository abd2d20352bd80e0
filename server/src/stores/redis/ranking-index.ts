import { randomUUID } from 'node:crypto';
import { BoundedMap } from '../../domain/bounded-map.js';
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
  type IndexPlace,
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
import type { ScriptName } from './script-file.js';

/** Indexes of which it is remembered how far they were. */
const MAX_REMEMBERED = 100_000;
/** A damaged index counts as absent. */
const ABSENT = [Status.ABSENT];
const NOTHING = Buffer.alloc(0);
const ZERO = Buffer.from('0');
const NO_STATE = [NOTHING, ZERO, ZERO, NOTHING, ZERO];

/** Rankings in Redis: one Lua call for each operation, see scripts/. */
export class RedisRankingIndex implements RankingIndex {
  /** The revision at which each index was seen last. One that shows a lower one later has lost data. */
  readonly #seen = new BoundedMap<RankingNo, { readonly epoch: number; revision: number }>(
    MAX_REMEMBERED,
  );

  /**
   * @param feedRetention how many revisions each feed keeps
   * @param payloadVersion of the payloads that it is given, 1 to 255
   */
  constructor(
    private readonly connection: RedisConnection,
    private readonly feedRetention: number,
    private readonly payloadVersion: number,
  ) {}

  async apply(
    ranking: Ranking,
    epoch: number,
    writes: readonly IndexWrite[],
  ): Promise<IndexApplied> {
    const channel = rankingChannel(ranking.rankingNo);
    const args = [epoch, this.feedRetention, channel, this.#pack(ranking, writes)];
    const [status, places, epochOrBefore, payloadVersion] = await this.#run<
      [number, Buffer, number, number]
    >('apply', ranking, args);
    switch (status) {
      case Status.DONE: {
        const put = readPlaces(places);
        if (this.#hasLost(ranking, epoch, epochOrBefore)) return { status: 'absent' };
        this.#hasLost(ranking, epoch, (put.at(-1) as IndexPlace).revision);
        const outdated = payloadVersion < this.payloadVersion;
        return { status: 'applied', places: put, outdated };
      }
      case Status.BUILDING:
        return { status: 'building', epoch: epochOrBefore };
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
    const [status, revisionText, totalPlayers, packed] = await this.#run<
      [number, Buffer, number, Buffer]
    >('read', ranking, args);
    if (status !== Status.DONE) return unanswered(status);
    const revision = Number(revisionText);
    if (this.#hasLost(ranking, epoch, revision)) return { status: 'absent' };
    const answers = readRows(ranking.settings, reads, packed);
    const value = answers.map((rows) => ({ rows, totalPlayers, revision, epoch }));
    return { status: 'answered', value };
  }

  async readChanges(
    ranking: Ranking,
    epoch: number,
    afterRevision: number,
    limit: number,
  ): Promise<IndexAnswer<ChangePage>> {
    const [status, revision, oldest, ...entries] = await this.#run<
      [number, Buffer, Buffer, ...ScriptReply[]]
    >('changes', ranking, [epoch, afterRevision, limit]);
    if (status !== Status.DONE) return unanswered(status);
    if (this.#hasLost(ranking, epoch, Number(revision))) return { status: 'absent' };
    const changes: RankingChange[] = [];
    for (let at = 0; at < entries.length; at += 3) {
      const [id, count, packed] = entries.slice(at, at + 3) as [Buffer, number, Buffer];
      const last = Number.parseInt(id.toString('latin1'), 10);
      readChanges(ranking.settings, packed, last - count, afterRevision, changes);
    }
    const revisions = { revision: Number(revision), oldestRevision: Number(oldest) };
    return { status: 'answered', value: { epoch, ...revisions, changes } };
  }

  async state(ranking: Ranking): Promise<FoundIndex> {
    const [epoch, revision, players, life, payloadVersion] = await this.#run<
      [Buffer, Buffer, Buffer, Buffer, Buffer]
    >('state', ranking, [], NO_STATE);
    const isWhole = epoch.length > 0 && !this.#hasLost(ranking, Number(epoch), Number(revision));
    return {
      epoch: isWhole ? Number(epoch) : undefined,
      life: life.toString('latin1'),
      revision: Number(revision),
      players: Number(players),
      outdated: Number(payloadVersion) < this.payloadVersion,
    };
  }

  async adopt(
    ranking: Ranking,
    from: { readonly life: LifeId; readonly epoch: number },
    to: Tenure & { readonly epoch: number },
    revisionGap: number,
  ): Promise<boolean> {
    if (this.connection.redis !== to.redis) return false;
    const channel = rankingChannel(ranking.rankingNo);
    const args = [from.epoch, from.life, to.epoch, to.life, revisionGap, channel];
    return (await this.#run('adopt', ranking, args, Status.ABSENT)) === Status.DONE;
  }

  async beginBuild(
    ranking: Ranking,
    keepEpoch: number | undefined,
    newEpoch: number,
    { life, redis }: Tenure,
  ): Promise<IndexBuild> {
    const name = `${newEpoch}:${randomUUID()}`;
    if (this.connection.redis !== redis)
      throw new IndexUnavailable('redis: another one is connected by now');
    const args = [keepEpoch ?? -1, name, this.payloadVersion];
    await this.connection.run('begin_build', rankingKeys(ranking.rankingNo), args);
    return { epoch: newEpoch, name, life, redis };
  }

  group(ranking: Ranking): RecordGroup {
    return new RecordGroup(ranking.settings, this.payloadVersion);
  }

  async build(ranking: Ranking, build: IndexBuild, records: Buffer): Promise<boolean> {
    // The command is sent on this connection, or fails: none is queued.
    if (this.connection.redis !== build.redis) return false;
    const args = [build.name, records];
    return (await this.#run('build', ranking, args, Status.ABSENT)) === Status.DONE;
  }

  async swap(
    ranking: Ranking,
    build: IndexBuild,
    entries: number,
    revisionFloor: number,
  ): Promise<number | undefined> {
    if (this.connection.redis !== build.redis) return undefined;
    const channel = rankingChannel(ranking.rankingNo);
    const args = [build.name, revisionFloor, channel, build.life, entries];
    const reply = await this.#run<Buffer>('swap', ranking, args, NOTHING);
    return reply.length === 0 ? undefined : Number(reply);
  }

  async inspect(
    ranking: Ranking,
    epoch: number,
    playerIds: readonly PlayerId[],
  ): Promise<IndexAnswer<{ players: number; inspections: readonly IndexInspection[] }>> {
    const [status, players, ...pairs] = await this.#run<[number, number, ...Buffer[]]>(
      'inspect',
      ranking,
      [epoch, ...playerIds],
    );
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
    const [status, next, ...players] = await this.#run<[number, Buffer, ...Buffer[]]>(
      script,
      ranking,
      [epoch, cursor],
    );
    if (status !== Status.DONE) return unanswered(status);
    const playerIds = players.map((player) => player.toString('latin1') as PlayerId);
    return { status: 'answered', value: { cursor: next.toString('latin1'), playerIds } };
  }

  async remove(rankingNo: RankingNo): Promise<void> {
    await this.connection.unlink(rankingKeys(rankingNo));
  }

  /** Notes the revision of an answer, in the order in which answers come. What has lost data stays lost. */
  #hasLost({ rankingNo }: Ranking, epoch: number, revision: number): boolean {
    const seen = this.#seen.get(rankingNo);
    if (seen?.epoch !== epoch) {
      this.#seen.set(rankingNo, { epoch, revision });
      return false;
    }
    seen.revision = revision < seen.revision ? Number.POSITIVE_INFINITY : revision;
    return seen.revision === Number.POSITIVE_INFINITY;
  }

  /** Runs a script; `ifDamaged` stands for its reply if something else lies under the keys. */
  #run<Reply extends ScriptReply>(
    script: ScriptName,
    { rankingNo }: Ranking,
    args: readonly (string | number | Buffer)[],
    ifDamaged: ScriptReply = ABSENT,
  ): Promise<Reply> {
    return this.connection.run(script, rankingKeys(rankingNo), args, ifDamaged) as Promise<Reply>;
  }

  /** The records of `writes`, one behind the other. */
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
        at = writeRecord(packed, at, settings, entry, payload, this.payloadVersion);
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

/** Adds the arguments of a read for read.lua. Returns the letter of its kind. */
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
