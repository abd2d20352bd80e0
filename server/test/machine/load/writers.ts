import { setTimeout as delay } from 'node:timers/promises';
import {
  type ScoreItem,
  type ScoreResult,
  ScoreSubmission,
} from '../../../../clients/typescript/dist/gen/rostrum/v1/score.js';
import { BOARDS, HOT_PLAYERS, hasClientTimes, playerId } from '../boards.ts';
import type { Answer, History, Submission } from '../history.ts';
import type { Random } from '../random.ts';
import { CALL_MS, type Caller, codeOf, isPassing, unary } from './callers.ts';
import { Crew } from './crew.ts';

const OUTCOMES = ['UNSPECIFIED', 'APPLIED', 'NOT_IMPROVED', 'STALE', 'DUPLICATE', 'QUARANTINED'];
/** Writers of each kind. */
const UNARY = 6;
const BATCH = 2;
const STREAM = 2;
/** From the end of one turn to the next. */
const PAUSE_MS = { one: 40, many: 200 } as const;
const RETRY_MS = 60;
/** Shares of the acknowledged submissions that are sent again, as they were and with another score. */
const REPEATED = 0.04;
const CONFLICTING = 0.01;

/** Submit without end, each with the same id until it is acknowledged. */
export class Writers {
  readonly #history: History;
  readonly #random: Random;
  readonly #crew: Crew;
  readonly #running: Promise<void>[];
  #stopped = false;
  #next = 0;

  constructor(
    history: History,
    random: Random,
    addresses: readonly string[],
    certificates: string,
  ) {
    this.#history = history;
    this.#random = random;
    this.#crew = new Crew(addresses, certificates, 'writer');
    const many = (count: number, turn: () => Promise<void>, pauseMs: number) =>
      Array.from({ length: count }, () => this.#run(turn, pauseMs));
    this.#running = [
      ...many(UNARY, () => this.#unary(), PAUSE_MS.one),
      ...many(BATCH, () => this.#batch(), PAUSE_MS.many),
      ...many(STREAM, () => this.#stream(), PAUSE_MS.many),
    ];
  }

  /**
   * Begins nothing more, and waits until all is acknowledged or `patienceMs` are over. Returns how
   * many submissions were not acknowledged.
   */
  async stop(patienceMs: number): Promise<number> {
    this.#stopped = true;
    await Promise.race([Promise.all(this.#running), delay(patienceMs, undefined, { ref: false })]);
    this.#crew.close();
    return this.#history.submissions.filter(
      ({ answers, refused }) => answers.length === 0 && refused === undefined,
    ).length;
  }

  async #run(turn: () => Promise<void>, pauseMs: number): Promise<void> {
    while (!this.#stopped) {
      await turn();
      await delay(pauseMs * (0.5 + Math.random()));
    }
  }

  #draw(): Submission {
    const random = this.#random;
    const board = random.integer(0, BOARDS.length - 1);
    const { players, scores, subscores } = BOARDS[board] as (typeof BOARDS)[number];
    const player = random.chance(0.35)
      ? random.integer(0, HOT_PLAYERS - 1)
      : random.integer(0, players - 1);
    this.#next += 1;
    const submission: Submission = {
      board,
      player,
      id: `s${this.#next}`,
      score: random.integer(...scores),
      subscore: random.integer(...subscores),
      clientUs: hasClientTimes(BOARDS[board] as (typeof BOARDS)[number], player)
        ? (Date.now() - random.integer(0, 400)) * 1000
        : -1,
      begin: Number.POSITIVE_INFINITY,
      answers: [],
    };
    this.#history.submissions.push(submission);
    return submission;
  }

  async #unary(): Promise<void> {
    const submission = this.#draw();
    await this.#submit(submission);
    await this.#again(submission);
  }

  /** One after the other over the servers until it is acknowledged. */
  async #submit(submission: Submission): Promise<void> {
    while (submission.answers.length === 0 && submission.refused === undefined) {
      const caller = this.#crew.pick();
      if (!(await this.#attempt(caller, submission))) await delay(RETRY_MS);
    }
  }

  async #attempt(
    caller: Caller,
    submission: Submission,
    score = submission.score,
  ): Promise<boolean> {
    const begin = performance.now();
    submission.begin = Math.min(submission.begin, begin);
    const message = { submission: toMessage(submission, score) };
    const result = await unary(caller.scores, caller.scores.submitScore, message);
    if ('error' in result) {
      this.#failed(caller, 'submit', begin, codeOf(result.error), result.error.details, [
        submission,
      ]);
      return false;
    }
    this.#took(caller, submission, begin, result.ok.result, score !== submission.score);
    return true;
  }

  /** A repetition must be answered as the first time; another score under the id must be refused. */
  async #again(submission: Submission): Promise<void> {
    if (submission.answers.length === 0) return;
    const caller = this.#crew.pick();
    if (this.#random.chance(REPEATED)) await this.#attempt(caller, submission);
    if (this.#random.chance(CONFLICTING)) {
      await this.#attempt(caller, submission, submission.score + 1);
    }
  }

  async #batch(): Promise<void> {
    const submissions = Array.from({ length: this.#random.integer(2, 25) }, () => this.#draw());
    const caller = this.#crew.pick();
    const begin = performance.now();
    for (const each of submissions) each.begin = begin;
    const message = { submissions: submissions.map((each) => toMessage(each, each.score)) };
    const result = await unary(caller.scores, caller.scores.batchSubmitScores, message);
    if ('error' in result) {
      const code = codeOf(result.error);
      this.#failed(caller, 'batch', begin, code, result.error.details, submissions);
    } else {
      const { items } = result.ok;
      if (items.length !== submissions.length) {
        this.#violation(caller, `${items.length} items answer a batch of ${submissions.length}`);
      }
      for (const [index, each] of submissions.entries()) {
        this.#tookItem(caller, each, begin, items[index]);
      }
    }
    await Promise.all(submissions.map((each) => this.#submit(each)));
  }

  async #stream(): Promise<void> {
    const submissions = Array.from({ length: this.#random.integer(3, 25) }, () => this.#draw());
    const caller = this.#crew.pick();
    const begin = performance.now();
    const stream = caller.scores.streamScores({ deadline: Date.now() + CALL_MS });
    let answered = 0;
    let isOver = false;
    await new Promise<void>((done) => {
      const resolve = () => {
        isOver = true;
        done();
      };
      stream.on('data', ({ item }: { item: ScoreItem | undefined }) => {
        const submission = submissions[answered];
        if (submission === undefined) {
          this.#violation(caller, `a stream of ${submissions.length} got more answers`);
          return;
        }
        answered += 1;
        this.#tookItem(caller, submission, submission.begin, item);
      });
      stream.on('error', (error: Parameters<typeof codeOf>[0]) => {
        const rest = submissions.slice(answered);
        this.#failed(caller, 'stream', begin, codeOf(error), error.details, rest);
        resolve();
      });
      stream.on('end', resolve);
      const send = async () => {
        for (const submission of submissions) {
          if (isOver) return;
          submission.begin = Math.min(submission.begin, performance.now());
          stream.write({ submission: toMessage(submission, submission.score) });
          if (Math.random() < 0.2) await delay(3);
        }
        stream.end();
      };
      void send();
    });
    await Promise.all(submissions.map((each) => this.#submit(each)));
  }

  #tookItem(
    caller: Caller,
    submission: Submission,
    begin: number,
    item: ScoreItem | undefined,
  ): void {
    if (item?.item?.$case === 'result') {
      this.#took(caller, submission, begin, item.item.value, false);
      return;
    }
    const { code, message } = item?.item?.value ?? { code: 13, message: 'no item' };
    const error = { code, details: message } as Parameters<typeof codeOf>[0];
    this.#failed(caller, 'item', begin, codeOf(error), message, [submission]);
  }

  #took(
    caller: Caller,
    submission: Submission,
    begin: number,
    result: ScoreResult | undefined,
    isConflict: boolean,
  ): void {
    const standing = result?.standing;
    if (result === undefined || standing === undefined) {
      this.#violation(caller, 'an answer to a submission without a result or standing');
      return;
    }
    const answer: Answer = {
      server: caller.server,
      begin,
      end: performance.now(),
      outcome: OUTCOMES[result.outcome] ?? String(result.outcome),
      replayed: result.replayed,
      ranked: result.ranked,
      revision: result.revision,
      total: result.totalPlayers,
      rank: standing.rank,
      score: standing.score,
      subscore: standing.subscore,
      submissions: standing.submissions,
      previousRank: result.previousRank ?? -1,
      previousScore: result.previousScore ?? Number.NaN,
    };
    if (standing.playerId !== playerId(submission.player)) {
      this.#violation(caller, `a submission of p${submission.player} shows ${standing.playerId}`);
    }
    if (isConflict) {
      submission.conflict = answer;
      return;
    }
    if (submission.answers.length === 0) {
      this.#history.acknowledged += 1;
      if (!answer.ranked) this.#history.unranked += 1;
    }
    submission.answers.push(answer);
  }

  #failed(
    caller: Caller,
    what: string,
    begin: number,
    code: string,
    message: string,
    submissions: readonly Submission[],
  ): void {
    const { server } = caller;
    this.#history.failures.push({ what, server, begin, end: performance.now(), code, message });
    if (isPassing(code)) this.#crew.failed(caller);
    // Nothing would change by trying again, for ever.
    else for (const each of submissions) each.refused = `${code}: ${message}`;
  }

  #violation({ server }: Caller, what: string): void {
    this.#history.violations.push({ at: performance.now(), server, what });
  }
}

function toMessage(submission: Submission, score: number): ScoreSubmission {
  return ScoreSubmission.fromPartial({
    leaderboardId: (BOARDS[submission.board] as (typeof BOARDS)[number]).id,
    playerId: playerId(submission.player),
    submissionId: submission.id,
    score,
    subscore: submission.subscore,
    ...(submission.clientUs >= 0 && { clientTime: new Date(submission.clientUs / 1000) }),
  });
}
