import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../../../server/src/within.ts';
import type { LinkMode } from '../../../server/test/machine/stage/link-proxy.ts';
import { Agent, type AgentCommand, type Answer } from './agent.ts';
import type { Case, Step } from './case-file.ts';
import { fillIn, type Scope } from './fill-in.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { difference, valueAt } from './match.ts';
import { replaceCertificate } from './replace-certificate.ts';
import type { Served, Stage } from './stage.ts';
import { storm } from './storm.ts';

/** What became of a case. */
export type Played =
  | { readonly result: 'passed' }
  | { readonly result: 'unsupported'; readonly why: string }
  | { readonly result: 'failed'; readonly why: string };

/** How long an answer or an event may take, unless the step says otherwise, in milliseconds. */
const PATIENCE_MS = 20_000;
/** How long an agent may take to end after its input has ended. */
const END_MS = 10_000;

class Unsupported extends Error {}

interface Repeat {
  readonly count: number;
  readonly steps: readonly Step[];
}

let played = 0;

/** Plays one case with an agent of its own, and heals the stage behind it. `scope`: more names for its steps. */
export async function play(
  of: Case,
  command: AgentCommand,
  stage: Stage,
  scope: Scope,
): Promise<Played> {
  played += 1;
  const agent = new Agent(command);
  const player = new Player(agent, stage, `case-${process.pid}-${played}`, scope);
  try {
    for (const [index, step] of of.steps.entries()) {
      try {
        await player.play(step);
      } catch (error) {
        if (error instanceof Unsupported) return { result: 'unsupported', why: error.message };
        const why = error instanceof Error ? error.message : String(error);
        return { result: 'failed', why: `step ${index + 1} ${summary(step)}: ${why}` };
      }
    }
    await agent.end(END_MS);
    return { result: 'passed' };
  } catch (error) {
    return { result: 'failed', why: error instanceof Error ? error.message : String(error) };
  } finally {
    await agent.kill();
    await stage.heal();
  }
}

class Player {
  readonly #agent: Agent;
  readonly #stage: Stage;
  readonly #scope: Map<string, Json>;
  /** Requests that a case did not wait for, by the name that it gave them. */
  readonly #underWay = new Map<string, { id: number; answer: Promise<Answer> }>();
  /** How many events were looked at, by stream, watch or view. */
  readonly #seen = new Map<string, number>();

  constructor(agent: Agent, stage: Stage, board: string, scope: Scope) {
    this.#agent = agent;
    this.#stage = stage;
    const file = (name: string) => join(stage.certificates, name);
    const tls = (name: string): Json => ({
      ca: file('ca.crt'),
      cert: file(`${name}.crt`),
      key: file(`${name}.key`),
    });
    this.#scope = new Map<string, Json>([
      ...scope,
      ['board', board],
      ['a', `127.0.0.1:${stage.a.link.port}`],
      ['b', `127.0.0.1:${stage.b.link.port}`],
      ['small', `127.0.0.1:${stage.small.link.port}`],
      ['own', join(stage.directory, board)],
      ['long', 'x'.repeat(120)],
      ['surrogate', '\ud800'],
      ['certificates', stage.certificates],
      ['directory', stage.directory],
    ]);
    for (const name of ['admin', 'writer', 'reader', 'foreign', 'expired', 'early', 'roleless']) {
      this.#scope.set(name, tls(name));
    }
  }

  async play(raw: Step): Promise<void> {
    if (raw.repeat !== undefined) return await this.#repeat(raw.repeat as unknown as Repeat);
    const step = fillIn(raw, this.#scope) as JsonObject;
    const patience = Number(step.within ?? PATIENCE_MS);
    if (step.do !== undefined) return await this.#do(step, patience);
    if (step.await !== undefined) {
      const name = String(step.await);
      const waiting = this.#underWay.get(name);
      if (waiting === undefined) throw new Error(`nothing is under way as ${name}`);
      return this.#check(step, await this.#inTime(waiting.answer, patience));
    }
    if (step.cancel !== undefined) {
      const id = this.#underWay.get(String(step.cancel))?.id;
      const { answer } = this.#agent.request({ op: 'cancel', request: id });
      return this.#check({ ok: {} }, await this.#inTime(answer, patience));
    }
    if (step.expect !== undefined) return await this.#expect(step, patience);
    if (step.never !== undefined) return this.#never(step.never);
    if (step.link !== undefined) {
      return await this.#served(step).link.set(step.link as LinkMode);
    }
    if (step.server !== undefined) return await this.#server(step);
    if (step.redis !== undefined) {
      const { redis } = this.#stage;
      if (step.redis === 'kill') await redis.kill();
      else await redis.start();
      return;
    }
    if (step.postgres !== undefined) {
      const { postgres } = this.#stage;
      if (step.postgres === 'kill') await postgres.kill();
      else await postgres.start();
      return;
    }
    if (step.sql !== undefined) {
      const { do: text, undo } = step.sql as { do: string; undo: string };
      this.#stage.undoLater(undo);
      await this.#stage.sql(text);
      return;
    }
    if (step.certificate !== undefined) {
      return await replaceCertificate(step.certificate as JsonObject, this.#stage);
    }
    if (step.recorded !== undefined) return await this.#recorded(step, patience);
    if (step.storm !== undefined) {
      return await storm(step.storm as JsonObject, this.#agent, this.#stage, this.#scope);
    }
    throw new Error('no such step');
  }

  /** Plays the steps again and again; `${i}` counts from 0. */
  async #repeat({ count, steps }: Repeat): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      this.#scope.set('i', i);
      for (const step of steps) await this.play(step);
    }
  }

  async #do(step: JsonObject, patience: number): Promise<void> {
    const request = step.do as JsonObject;
    if (step.as !== undefined) {
      this.#underWay.set(String(step.as), this.#agent.request(request));
      return;
    }
    const giveUpAt = performance.now() + patience;
    for (;;) {
      const { answer } = this.#agent.request(request);
      const answered = await this.#inTime(answer, patience);
      if (step.until !== true || performance.now() > giveUpAt) return this.#check(step, answered);
      if (this.#differs(step, answered) === undefined) return this.#check(step, answered);
      await delay(Number(step.every ?? 20));
    }
  }

  #differs(step: JsonObject, answer: Answer): string | undefined {
    if (step.answer !== undefined) return difference(answer, step.answer);
    for (const kind of ['ok', 'error', 'foreign'] as const) {
      const expected = step[kind];
      if (expected === undefined) continue;
      if (answer[kind] === undefined) return `${JSON.stringify(answer)} is not ${kind}`;
      return difference(answer[kind], expected);
    }
    return answer.ok === undefined ? `${JSON.stringify(answer)} is not ok` : undefined;
  }

  #check(step: JsonObject, answer: Answer): void {
    if (answer.unsupported !== undefined) throw new Unsupported(String(answer.unsupported));
    const differs = this.#differs(step, answer);
    if (differs !== undefined) throw new Error(differs);
    this.#save(step, (answer.ok ?? answer.error ?? {}) as Json);
  }

  #save(step: JsonObject, from: Json): void {
    for (const [name, path] of Object.entries((step.save ?? {}) as JsonObject)) {
      this.#scope.set(name, valueAt(from, String(path)));
    }
  }

  /** Waits for an event. What comes before it on the same stream, watch or view is skipped with `skip`. */
  async #expect(step: JsonObject, patience: number): Promise<void> {
    const expected = step.expect as JsonObject;
    const of = sourceOf(expected);
    const giveUpAt = performance.now() + patience;
    let last: string | undefined;
    for (let at = this.#seen.get(of) ?? 0; ; ) {
      const event = this.#agent.events[at];
      if (event === undefined) {
        const left = giveUpAt - performance.now();
        const more = this.#agent.moreEvents(at).then(() => true);
        if (left > 0 && (await within(left, more, false))) continue;
        throw new Error(`nothing more came within ${patience} ms${last ? `; ${last}` : ''}`);
      }
      at += 1;
      if (sourceOf(event) !== of) continue;
      this.#seen.set(of, at);
      last = difference(event, expected);
      if (last === undefined) return this.#save(step, event);
      if (step.skip !== true) throw new Error(`${last} in ${JSON.stringify(event)}`);
    }
  }

  /** No event so far is like this one, seen or not. */
  #never(unwanted: Json): void {
    const found = this.#agent.events.find((event) => difference(event, unwanted) === undefined);
    if (found !== undefined) throw new Error(`there was ${JSON.stringify(found)}`);
  }

  #served(step: JsonObject): Served {
    return step.of === 'b' ? this.#stage.b : this.#stage.a;
  }

  async #server(step: JsonObject): Promise<void> {
    const { server } = this.#served(step);
    switch (step.server) {
      case 'kill':
        return await server.kill();
      case 'terminate':
        return await server.terminate();
      case 'start':
        return await server.start();
      case 'stop':
        return server.signal('SIGSTOP');
      case 'continue':
        return server.signal('SIGCONT');
      default:
        throw new Error(`a server can be killed, terminated, started, stopped or continued`);
    }
  }

  /** How many submissions PostgreSQL has of a leaderboard. */
  async #recorded(step: JsonObject, patience: number): Promise<void> {
    const { leaderboardId, count, least } = step.recorded as {
      leaderboardId: string;
      count?: number;
      least?: number;
    };
    const giveUpAt = performance.now() + patience;
    for (;;) {
      const [row] = await this.#stage.sql(
        `SELECT count(*)::int AS count FROM rostrum.submissions
         JOIN rostrum.leaderboards USING (board_no) WHERE leaderboard_id = $1`,
        [leaderboardId],
      );
      if (row?.count === count || Number(row?.count) >= (least ?? Infinity)) return;
      if (performance.now() > giveUpAt) {
        throw new Error(`PostgreSQL has ${row?.count} submissions of it, not ${count ?? least}`);
      }
      await delay(50);
    }
  }

  async #inTime(answer: Promise<Answer>, patience: number): Promise<Answer> {
    const answered = await within(patience, answer, undefined);
    if (answered === undefined) throw new Error(`no answer within ${patience} ms`);
    return answered;
  }
}

/** Whose event it is: the name of a stream, watch or view. */
function sourceOf(event: JsonObject): string {
  return String(event.stream ?? event.watch ?? event.view ?? '');
}

function summary(step: Step): string {
  const text = JSON.stringify(isObject(step.do) ? step.do : step);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
