import type {
  Assessment,
  Confirmation,
  IndexMark,
  IndexState,
  Life,
  LifeId,
  NextStep,
} from '../../src/domain/index-rules.js';

/** The rules under exploration: those of index-rules.ts, or older ones. */
export interface Rules {
  nextStep(
    redis: string,
    present: Life | undefined,
    wasSuperseded: boolean,
    supersededForMs: number,
    wentBack: boolean,
  ): NextStep;
  hasGoneBack(seen: number, found: number | undefined): boolean;
  assess(mark: IndexMark, state: IndexState, life: LifeId): Assessment;
  /** @param epoch the one that confirmed it */
  confirms(confirmation: Confirmation, mark: IndexMark, epoch: number): boolean;
  /** Whether what a life wrote in an epoch raises the settled revision of the mark. */
  raises(mark: IndexMark, life: LifeId, epoch: number): boolean;
  /** Whether lives are declared. Otherwise each Redis has one life, and a server joins that of its own. */
  readonly declares: boolean;
  /** Whether the mark is revoked before a build, and the next epoch begins with that. */
  readonly revokes: boolean;
  /** How far an adoption moves the epoch. */
  readonly adoptionStep: number;
  /** Whether what was trusted on a connection ends with it. */
  readonly trustsConnections: boolean;
}

/** How often each thing may go wrong on one path. */
export interface Budget {
  /** A server dies and starts again. */
  readonly crashes: number;
  /** A Redis loses all its data. */
  readonly flushes: number;
  /** The answer of Redis to a write does not arrive, or what is settled after it is lost. */
  readonly lostAnswers: number;
  /** A server that builds loses its lock and goes on. */
  readonly lostLocks: number;
  /** The address of Redis leads a server to the other Redis from now on. */
  readonly moves: number;
  /** A server that reaches only a Redis whose life is over declares another life of it. */
  readonly patience: number;
  /** A Redis goes back to an earlier state, which ends all connections. */
  readonly returns: number;
  /** All of these together. */
  readonly total: number;
}

/*
 * One ranking, two Rostrum servers, two Redis servers of which the second is a copy of the first until
 * somebody reaches it, and one submission for each bit of SUBMISSIONS. Sets are bit masks. A step of the
 * model is what is atomic in reality: a transaction, a script, or what a server does between two of them.
 * Time is left out: a lease ends, or the next life becomes ready, at any moment that the rules allow. But an
 * earlier state to which Redis returns is older than the last count of each server that was connected.
 */
export interface RedisModel {
  epoch: number;
  life: number;
  revision: number;
  has: number;
  buildEpoch: number;
  buildName: number;
  buildHas: number;
  /** The life in which servers count last, and the count. */
  beatLife: number;
  beat: number;
}

interface WriterModel {
  /** 0 idle, 1 committed or read from the outbox, 2 confirmed by the index. */
  step: number;
  mask: number;
  kind: number;
  life: number;
  value: number;
  epoch: number;
  /** 1 a submission, 2 a sweep of everything. */
  job: number;
}

interface BuilderModel {
  step: number;
  life: number;
  redis: number;
  markLife: number;
  markEpoch: number;
  markWhole: number;
  markSettled: number;
  isDoubtful: number;
  name: number;
  scanned: number;
  revision: number;
  /** Whether it began on another connection. */
  isOld: number;
}

interface ServerModel {
  /** The Redis that its address leads to. */
  address: number;
  /** The Redis that it is connected to; -1 for none. */
  connected: number;
  /** The life that it joined last; 0 for none. */
  life: number;
  joined: number;
  open: number;
  /** The count that it saw last in its life. */
  seen: number;
  trust: number;
  missed: number;
  /** 1 if the index may lack what was committed: it answers with ranks after a sweep that begins now. */
  gap: number;
  /** 1 if the sweep under way closes the gap. */
  closing: number;
  writer: WriterModel;
  builder: BuilderModel;
}

export interface Model {
  lives: number[];
  ready: number;
  /** The last life that began because a Redis went back; 0 for none. */
  wentBack: number;
  markLife: number;
  markEpoch: number;
  markWhole: number;
  markSettled: number;
  committed: number;
  outbox: number;
  /** Submissions that were acknowledged with a rank. */
  ranked: number;
  lock: number;
  names: number;
  promoted: number;
  /** How often the replica was brought up to date. */
  copies: number;
  redis: [RedisModel, RedisModel];
  /** The state to which the first Redis may return. */
  earlier: RedisModel | undefined;
  servers: [ServerModel, ServerModel];
  /** In the order of `Budget`. */
  spent: number[];
}

const GAP = 8;
const WRITTEN = 1;
const UNSERVED = 2;

/** A step that was taken, and where it led. */
export interface Step {
  readonly what: string;
  readonly model: Model;
}

export function initialModel(): Model {
  const server = (): ServerModel => ({
    address: 0,
    connected: 0,
    life: 1,
    joined: 1,
    open: 1,
    seen: 1,
    trust: 1,
    missed: 0,
    gap: 0,
    closing: 0,
    writer: idleWriter(),
    builder: idleBuilder(),
  });
  const whole = (): RedisModel => ({
    epoch: 1,
    life: 1,
    revision: 1,
    has: 0,
    buildEpoch: 0,
    buildName: 0,
    buildHas: 0,
    beatLife: 1,
    beat: 1,
  });
  return {
    lives: [0],
    ready: 1,
    wentBack: 0,
    markLife: 1,
    markEpoch: 1,
    markWhole: 1,
    markSettled: 1,
    committed: 0,
    outbox: 0,
    ranked: 0,
    lock: 0,
    names: 0,
    promoted: 0,
    copies: 0,
    redis: [whole(), whole()],
    earlier: undefined,
    servers: [server(), server()],
    spent: [0, 0, 0, 0, 0, 0, 0],
  };
}

function idleWriter(): WriterModel {
  return { step: 0, mask: 0, kind: 0, life: 0, value: 0, epoch: 0, job: 0 };
}

function idleBuilder(): BuilderModel {
  return {
    step: 0,
    life: 0,
    redis: 0,
    markLife: 0,
    markEpoch: 0,
    markWhole: 0,
    markSettled: 0,
    isDoubtful: 0,
    name: 0,
    scanned: 0,
    revision: 0,
    isOld: 0,
  };
}

function lifeId(life: number): LifeId | undefined {
  return life === 0 ? undefined : (String(life) as LifeId);
}

function markOf(model: Model): IndexMark {
  return {
    life: lifeId(model.markLife),
    epoch: model.markEpoch,
    whole: model.markWhole === 1,
    settledRevision: model.markSettled,
    isDoubtful: model.markLife < model.wentBack,
  };
}

function stateOf(redis: RedisModel): IndexState {
  return {
    epoch: redis.epoch === 0 ? undefined : redis.epoch,
    life: String(redis.life),
    revision: redis.revision,
    players: 0,
  };
}

function presentOf(model: Model): Life | undefined {
  const { length } = model.lives;
  if (length === 0) return undefined;
  return {
    id: lifeId(length) as LifeId,
    redis: String(model.lives[length - 1]),
    ready: (model.ready & (1 << (length - 1))) !== 0,
  };
}

function clone(model: Model): Model {
  const [r0, r1] = model.redis;
  const [s0, s1] = model.servers;
  const server = (s: ServerModel): ServerModel => ({
    ...s,
    writer: { ...s.writer },
    builder: { ...s.builder },
  });
  return {
    ...model,
    lives: [...model.lives],
    redis: [{ ...r0 }, { ...r1 }],
    servers: [server(s0), server(s1)],
    spent: [...model.spent],
  };
}

/** Tells every number of a state, in a fixed order. */
export function eachNumber(model: Model, tell: (value: number) => void): void {
  tell(model.ready);
  tell(model.wentBack);
  tell(model.markLife);
  tell(model.markEpoch);
  tell(model.markWhole);
  tell(model.markSettled);
  tell(model.committed);
  tell(model.outbox);
  tell(model.ranked);
  tell(model.lock);
  tell(model.names);
  tell(model.promoted);
  tell(model.copies);
  for (const each of model.spent) tell(each);
  tell(model.lives.length);
  for (const each of model.lives) tell(each);
  tell(model.earlier === undefined ? 0 : 1);
  for (const each of [...model.redis, ...(model.earlier ? [model.earlier] : [])]) {
    tell(each.epoch);
    tell(each.life);
    tell(each.revision);
    tell(each.has);
    tell(each.buildEpoch);
    tell(each.buildName);
    tell(each.buildHas);
    tell(each.beatLife);
    tell(each.beat);
  }
  for (const { writer, builder, ...server } of model.servers) {
    tell(server.address);
    tell(server.connected);
    tell(server.life);
    tell(server.joined);
    tell(server.open);
    tell(server.seen);
    tell(server.trust);
    tell(server.missed);
    tell(server.gap);
    tell(server.closing);
    tell(writer.step);
    tell(writer.mask);
    tell(writer.kind);
    tell(writer.life);
    tell(writer.value);
    tell(writer.epoch);
    tell(writer.job);
    tell(builder.step);
    if (builder.step === 0) continue;
    tell(builder.life);
    tell(builder.redis);
    tell(builder.markLife);
    tell(builder.markEpoch);
    tell(builder.markWhole);
    tell(builder.markSettled);
    tell(builder.isDoubtful);
    tell(builder.name);
    tell(builder.scanned);
    tell(builder.revision);
    tell(builder.isOld);
  }
}

/** What is wrong in a state, or undefined. */
export function violationOf(model: Model, rules: Rules): string | undefined {
  for (const [name, redis] of model.redis.entries()) {
    // In whichever life a server is: it serves or is adopted.
    for (let life = 1; life <= Math.max(2, model.lives.length); life += 1) {
      const assessment = rules.assess(markOf(model), stateOf(redis), lifeId(life) as LifeId);
      if (assessment === 'build') continue;
      const lost = model.committed & ~redis.has & ~model.outbox;
      if (lost !== 0) return `Redis ${name} may ${assessment} without submissions ${bits(lost)}`;
    }
  }
  for (const [name, server] of model.servers.entries()) {
    if (server.open !== 1 || server.trust === 0 || server.gap === 1) continue;
    const redis = model.redis[server.connected as 0 | 1];
    if (redis.epoch !== server.trust) continue;
    const unseen = model.ranked & ~redis.has;
    if (unseen !== 0) {
      return `server ${name} reads without submissions ${bits(unseen)}, acknowledged with ranks`;
    }
  }
  return undefined;
}

function bits(mask: number): string {
  return [0, 1, 2, 3].filter((bit) => (mask & (1 << bit)) !== 0).join(', ');
}

/** All steps that can be taken from a state. @param owners which server each submission comes to */
export function* stepsFrom(
  model: Model,
  rules: Rules,
  owners: readonly number[],
  budget: Budget,
): Generator<Step> {
  for (const index of [0, 1] as const) {
    yield* serverSteps(model, index, rules, owners, budget);
    yield* faultsOf(model, index, budget, rules);
  }
  if (budget.moves > 0 && model.promoted === 0 && model.copies === 0) {
    const next = clone(model);
    next.copies = 1;
    next.redis[1] = { ...next.redis[0] };
    yield { what: 'the replica catches up for the last time', model: next };
  }
  if (budget.returns > 0 && model.earlier === undefined) {
    const next = clone(model);
    const [redis] = next.redis;
    next.earlier = { ...redis };
    redis.beat += 1;
    for (const server of next.servers) {
      if (server.joined === 1 && server.connected === 0) server.seen = redis.beat;
    }
    yield { what: 'the state of Redis 0 is kept, and each server counts in it', model: next };
  }
}

function* faultsOf(model: Model, index: 0 | 1, budget: Budget, rules: Rules): Generator<Step> {
  const limits = [
    budget.crashes,
    budget.flushes,
    budget.lostAnswers,
    budget.lostLocks,
    budget.moves,
    budget.patience,
    budget.returns,
  ];
  const total = model.spent.reduce((sum, each) => sum + each, 0);
  const may = (fault: number): boolean =>
    total < budget.total && (model.spent[fault] as number) < (limits[fault] as number);
  const spend = (fault: number): Model => {
    const next = clone(model);
    next.spent[fault] = (next.spent[fault] as number) + 1;
    return next;
  };
  const server = model.servers[index];
  if (may(0)) {
    const next = spend(0);
    const { address } = server;
    next.servers[index] = {
      ...next.servers[index],
      ...{ address, connected: -1, life: 0, joined: 0, open: 0, seen: 0, trust: 0, missed: 1 },
      ...{ gap: 0, closing: 0, writer: idleWriter(), builder: idleBuilder() },
    };
    if (next.lock === index + 1) next.lock = 0;
    yield { what: `server ${index} dies and starts again`, model: next };
  }
  if (may(1) && (index === 0 || model.promoted === 1)) {
    const next = spend(1);
    const redis = next.redis[index];
    next.redis[index] = {
      ...redis,
      ...{
        epoch: 0,
        life: 0,
        revision: 0,
        has: 0,
        buildEpoch: 0,
        buildName: 0,
        buildHas: 0,
        beatLife: 0,
      },
    };
    yield { what: `Redis ${index} loses everything`, model: next };
  }
  if (may(2) && server.writer.step === 1 && server.joined === 1) {
    const next = spend(2);
    const s = next.servers[index];
    applyTo(next.redis[s.connected as 0 | 1], s.trust, s.writer.mask);
    s.missed = 1;
    s.open = 0;
    s.writer = idleWriter();
    yield { what: `the answer to a write of server ${index} is lost`, model: next };
  }
  if (may(2) && server.writer.step === 2 && server.writer.job === 1) {
    const next = spend(2);
    next.servers[index].writer = idleWriter();
    yield { what: `what server ${index} settles is lost`, model: next };
  }
  if (may(2) && server.builder.step >= 4) {
    for (const { what, model: done } of builderSteps(model, index, rules)) {
      for (const from of [done, model]) {
        const next = clone(from);
        next.spent[2] = (next.spent[2] as number) + 1;
        if (next.lock === index + 1) next.lock = 0;
        const s = next.servers[index];
        s.trust = server.trust;
        s.builder = idleBuilder();
        yield { what: `${what}, and the answer is lost`, model: next };
      }
    }
  }
  if (may(3) && model.lock === index + 1 && server.builder.step >= 4) {
    const next = spend(3);
    next.lock = 0;
    yield { what: `server ${index} loses its lock and goes on`, model: next };
  }
  if (may(4)) {
    const next = spend(4);
    const s = next.servers[index];
    s.address = 1 - s.address;
    next.promoted = 1;
    yield { what: `the address leads server ${index} to Redis ${s.address}`, model: next };
    const broken = clone(next);
    leave(broken, index);
    yield { what: `server ${index} is cut off, and led to Redis ${s.address}`, model: broken };
  }
  if (index === 0 && may(6) && model.earlier !== undefined) {
    const next = spend(6);
    next.redis[0] = { ...model.earlier };
    for (const each of [0, 1] as const) if (next.servers[each].connected === 0) leave(next, each);
    yield { what: 'Redis 0 goes back, and all connections to it break', model: next };
  }
}

function leave(model: Model, index: 0 | 1): void {
  const server = model.servers[index];
  server.connected = -1;
  server.joined = 0;
  server.open = 0;
  if (server.builder.step > 0) server.builder.isOld = 1;
}

function* serverSteps(
  model: Model,
  index: 0 | 1,
  rules: Rules,
  owners: readonly number[],
  budget: Budget,
): Generator<Step> {
  const server = model.servers[index];
  const step = (what: string, change: (next: Model, s: ServerModel) => void): Step => {
    const next = clone(model);
    change(next, next.servers[index]);
    return { what: `server ${index} ${what}`, model: next };
  };

  if (server.connected === -1) {
    yield step(`connects to Redis ${server.address}`, (next, s) => {
      s.connected = s.address;
      if (s.address === 1) next.promoted = 1;
    });
  } else if (server.joined === 0) {
    yield* joinSteps(model, index, rules, budget);
  } else {
    if (rules.declares && server.life !== model.lives.length) {
      yield step('finds its life over', (next) => leave(next, index));
    }
    if (server.open === 0 && server.writer.step === 0) {
      yield step('begins to bring in what it missed', (next, s) => {
        s.missed = 0;
        beginSweep(next, s);
      });
    }
  }
  yield* writerSteps(model, index, rules, owners);
  yield* builderSteps(model, index, rules);
}

function* joinSteps(model: Model, index: 0 | 1, rules: Rules, budget: Budget): Generator<Step> {
  const { connected } = model.servers[index];
  if (!rules.declares) {
    const next = clone(model);
    join(next, index, connected + 1, rules);
    yield { what: `server ${index} joins the life of its Redis`, model: next };
    return;
  }
  const present = presentOf(model);
  const redis = String(connected);
  const wasSuperseded =
    present?.redis !== redis && model.lives.some((each) => String(each) === redis);
  const total = model.spent.reduce((sum, each) => sum + each, 0);
  const mayBePatient =
    wasSuperseded && total < budget.total && (model.spent[5] as number) < budget.patience;
  const { beatLife, beat } = model.redis[connected as 0 | 1];
  const { life: known, seen } = model.servers[index];
  const isKnown = known === model.lives.length;
  const found = beatLife === model.lives.length ? beat : undefined;
  const wentBack = present?.redis === redis && rules.hasGoneBack(isKnown ? seen : 0, found);
  for (const patient of mayBePatient ? [0, Number.POSITIVE_INFINITY] : [0]) {
    const next = clone(model);
    if (patient > 0) next.spent[5] = (next.spent[5] as number) + 1;
    switch (rules.nextStep(redis, present, wasSuperseded, patient, wentBack)) {
      case 'connect anew':
        if (model.servers[index].address === connected) continue;
        leave(next, index);
        yield { what: `server ${index} looks for another Redis`, model: next };
        break;
      case 'declare':
        if (next.lives.length === 0) next.ready |= 1;
        next.lives.push(connected);
        if (wentBack) next.wentBack = next.lives.length;
        yield { what: `server ${index} declares life ${next.lives.length}`, model: next };
        break;
      case 'wait': {
        const life = next.lives.length;
        // The time of a lease has passed.
        if (next.servers.some((each) => each.joined === 1 && each.life < life)) continue;
        next.ready |= 1 << (life - 1);
        yield { what: `server ${index} has waited until life ${life} is ready`, model: next };
        break;
      }
      case 'recover': {
        const life = next.lives.length;
        join(next, index, life, rules);
        yield { what: `server ${index} joins life ${life}`, model: next };
      }
    }
  }
}

function join(model: Model, index: 0 | 1, life: number, rules: Rules): void {
  const server = model.servers[index];
  const redis = model.redis[server.connected as 0 | 1];
  redis.beatLife = life;
  redis.beat = Math.max(redis.beat, server.seen);
  server.seen = redis.beat;
  if (server.life !== life) server.missed = 1;
  if (server.life !== life || rules.trustsConnections) server.trust = 0;
  server.life = life;
  server.joined = 1;
  if (server.missed === 0 && server.writer.job !== 2) server.open = 1;
}

function beginSweep(model: Model, server: ServerModel): void {
  server.closing = server.gap;
  server.writer = { ...idleWriter(), step: 1, mask: model.outbox, job: 2 };
}

function* writerSteps(
  model: Model,
  index: 0 | 1,
  rules: Rules,
  owners: readonly number[],
): Generator<Step> {
  const server = model.servers[index];
  const { writer } = server;
  const act = (what: string, change: (next: Model, s: ServerModel) => void): Step => {
    const next = clone(model);
    change(next, next.servers[index]);
    return { what: `server ${index} ${what}`, model: next };
  };
  if (writer.step === 0) {
    for (const [bit, owner] of owners.entries()) {
      if (owner !== index || (model.committed & (1 << bit)) !== 0) continue;
      yield act(`commits submission ${bit}`, (next, s) => {
        next.committed |= 1 << bit;
        next.outbox |= 1 << bit;
        if (s.joined === 1) s.writer = { ...idleWriter(), step: 1, mask: 1 << bit, job: 1 };
        else s.missed = 1; // acknowledged without a rank
      });
    }
    if (server.joined === 1 && server.open === 1 && (model.outbox !== 0 || server.gap === 1)) {
      yield act('sweeps the outbox', beginSweep);
    }
    return;
  }
  if (writer.step === 1) {
    if (server.joined === 0) {
      yield act('cannot write', (_, s) => {
        s.missed = 1;
        s.writer = idleWriter();
      });
      return;
    }
    yield act('writes', (next, s) => {
      const result = applyTo(next.redis[s.connected as 0 | 1], s.trust, s.writer.mask);
      if (result === undefined) {
        s.trust = 0;
        noteGap(s);
        endSweep(s);
        s.writer = idleWriter();
        return;
      }
      s.writer = { ...s.writer, step: 2, life: s.life, epoch: s.trust, ...result };
      if (result.kind === UNSERVED) s.trust = 0;
      else if (s.writer.job === 1 && s.open === 1 && s.gap === 0) next.ranked |= s.writer.mask;
    });
    return;
  }
  yield act('settles', (next, s) => {
    const { kind, life, value, epoch, mask } = s.writer;
    const mark = markOf(next);
    const named = lifeId(life) as LifeId;
    const counts = rules.confirms(
      kind === WRITTEN
        ? { kind: 'written', life: named, revision: value }
        : { kind: 'unserved', life: named, epoch: value },
      mark,
      epoch,
    );
    if (counts) {
      next.outbox &= ~mask;
      if (kind === WRITTEN && mark.whole && rules.raises(mark, named, epoch)) {
        next.markSettled = Math.max(next.markSettled, value);
      }
    } else {
      s.trust = 0;
      noteGap(s);
    }
    endSweep(s);
    s.writer = idleWriter();
  });
}

function noteGap(server: ServerModel): void {
  server.gap = 1;
  server.closing = 0;
}

function endSweep(server: ServerModel): void {
  if (server.writer.job !== 2) return;
  if (server.closing === 1) {
    server.gap = 0;
    server.closing = 0;
  }
  if (server.joined === 1 && server.missed === 0) server.open = 1;
}

/** apply.lua. Undefined: another epoch serves. */
function applyTo(
  redis: RedisModel,
  epoch: number,
  mask: number,
): { kind: number; value: number } | undefined {
  if (redis.buildEpoch !== 0) redis.buildHas |= mask;
  if (redis.epoch === 0) return { kind: UNSERVED, value: redis.buildEpoch };
  if (redis.epoch !== epoch) return undefined;
  for (const bit of [1, 2, 4, 8]) if ((mask & bit & ~redis.has) !== 0) redis.revision += 1;
  redis.has |= mask;
  return { kind: WRITTEN, value: redis.revision };
}

function* builderSteps(model: Model, index: 0 | 1, rules: Rules): Generator<Step> {
  const server = model.servers[index];
  const { builder } = server;
  const lock = index + 1;
  const go = (
    what: string,
    change: (next: Model, s: ServerModel, b: BuilderModel) => void,
  ): Step => {
    const next = clone(model);
    const s = next.servers[index];
    change(next, s, s.builder);
    return { what: `server ${index} ${what}`, model: next };
  };
  const giveUp = (next: Model, s: ServerModel): void => {
    if (next.lock === lock) next.lock = 0;
    s.builder = idleBuilder();
  };
  // Commands go to the Redis of the life that it is in, or fail.
  const reaches = server.joined === 1 && server.connected === builder.redis;
  const redisOf = (next: Model): RedisModel => next.redis[builder.redis as 0 | 1];
  const seen: IndexMark = {
    life: lifeId(builder.markLife),
    epoch: builder.markEpoch,
    whole: builder.markWhole === 1,
    settledRevision: builder.markSettled,
    isDoubtful: builder.isDoubtful === 1,
  };
  const lookAtMark = (next: Model, b: BuilderModel): void => {
    b.markLife = next.markLife;
    b.markEpoch = next.markEpoch;
    b.markWhole = next.markWhole;
    b.markSettled = next.markSettled;
    b.isDoubtful = markOf(next).isDoubtful ? 1 : 0;
  };
  const isAsSeen = (next: Model): boolean =>
    (!rules.declares || next.lives.length === builder.life) &&
    next.markLife === builder.markLife &&
    next.markEpoch === builder.markEpoch &&
    next.markWhole === builder.markWhole;
  const trust = (s: ServerModel, epoch: number): void => {
    const isOver = rules.trustsConnections && builder.isOld === 1;
    if (s.life === builder.life && !isOver) s.trust = epoch;
  };

  switch (builder.step) {
    case 0:
      if (server.joined === 0 || server.trust !== 0) return;
      yield go('looks at the mark', (next, s, b) => {
        b.step = 1;
        b.life = s.life;
        b.redis = s.connected;
        lookAtMark(next, b);
      });
      return;
    case 1:
      yield go('looks at the index', (next, s, b) => {
        if (!reaches) return giveUp(next, s);
        const assessment = rules.assess(seen, stateOf(redisOf(next)), lifeId(b.life) as LifeId);
        if (assessment === 'serve') {
          trust(s, b.markEpoch);
          giveUp(next, s);
        } else b.step = 2;
      });
      return;
    case 2:
      if (model.lock !== 0) return;
      yield go('takes the lock and looks at the mark', (next, _, b) => {
        next.lock = lock;
        b.step = 3;
        lookAtMark(next, b);
      });
      return;
    case 3:
      yield go('looks at the index with the lock', (next, s, b) => {
        if (!reaches) return giveUp(next, s);
        const assessment = rules.assess(seen, stateOf(redisOf(next)), lifeId(b.life) as LifeId);
        if (assessment === 'serve') {
          trust(s, b.markEpoch);
          giveUp(next, s);
        } else b.step = assessment === 'adopt' ? 4 : rules.revokes ? 6 : 7;
      });
      return;
    case 4:
      yield go('moves the mark to its life', (next, s, b) => {
        if (!isAsSeen(next) || next.markSettled !== b.markSettled) return giveUp(next, s);
        next.markLife = b.life;
        next.markEpoch = b.markEpoch + rules.adoptionStep;
        b.step = 5;
      });
      return;
    case 5:
      yield go('adopts the index', (next, s, b) => {
        const redis = redisOf(next);
        if (reaches && redis.epoch === b.markEpoch && redis.life === b.markLife) {
          redis.epoch = b.markEpoch + rules.adoptionStep;
          redis.life = b.life;
          redis.revision += GAP;
          redis.buildEpoch = redis.buildName = redis.buildHas = 0;
          trust(s, redis.epoch);
        }
        giveUp(next, s);
      });
      return;
    case 6:
      yield go('revokes the mark', (next, s, b) => {
        if (!isAsSeen(next)) return giveUp(next, s);
        next.markLife = b.life;
        next.markEpoch += 1;
        next.markWhole = 0;
        lookAtMark(next, b);
        b.step = 7;
      });
      return;
    case 7:
      yield go('begins to build', (next, s, b) => {
        if (!reaches) return giveUp(next, s);
        const redis = redisOf(next);
        next.names += 1;
        b.name = next.names;
        redis.epoch = redis.has = 0;
        redis.buildEpoch = b.markEpoch + (rules.revokes ? 0 : 1);
        redis.buildName = b.name;
        redis.buildHas = 0;
        b.step = 8;
      });
      return;
    case 8:
      yield go('reads the entries', (next, _, b) => {
        b.scanned = next.committed;
        b.step = 9;
      });
      return;
    case 9:
      yield go('fills the index', (next, s, b) => {
        const redis = redisOf(next);
        if (!reaches || redis.buildName !== b.name) return giveUp(next, s);
        redis.buildHas |= b.scanned;
        b.step = 10;
      });
      return;
    case 10:
      yield go('swaps the index in', (next, s, b) => {
        const redis = redisOf(next);
        if (!reaches || redis.buildName !== b.name) return giveUp(next, s);
        redis.epoch = redis.buildEpoch;
        redis.life = b.life;
        redis.revision = Math.max(redis.revision, b.markSettled + GAP) + 1;
        redis.has = redis.buildHas;
        redis.buildEpoch = redis.buildName = redis.buildHas = 0;
        b.revision = redis.revision;
        b.step = 11;
      });
      return;
    case 11:
      yield go('says that it is whole', (next, s, b) => {
        const epoch = b.markEpoch + (rules.revokes ? 0 : 1);
        const isMine = rules.revokes ? isAsSeen(next) : next.markEpoch === b.markEpoch;
        if (isMine) {
          next.markLife = b.life;
          next.markEpoch = epoch;
          next.markWhole = 1;
          next.markSettled = b.revision;
          trust(s, epoch);
        }
        giveUp(next, s);
      });
      return;
  }
}
