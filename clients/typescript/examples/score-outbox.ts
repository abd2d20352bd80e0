import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isRostrumError,
  type RostrumClient,
  type RostrumError,
  type ScoreResult,
  type ScoreSubmission,
  type SubmittedScore,
} from '@rostrum/client';

export interface OutboxOptions {
  /** Whose scores these are: one process at a time uses a directory. */
  readonly directory: string;
  /** How many scores may wait. */
  readonly maxScores: number;
  /** Told of a score that the service will never take, and why; it is not kept. */
  readonly onRefused: (submission: ScoreSubmission, error: RostrumError) => void;
  /** Told why nothing can be sent, such as a certificate that has expired; it is tried again. */
  readonly onBlocked: (error: unknown) => void;
}

/** What the service says of a submission, and would say again. All else may pass. */
const FINAL: readonly string[] = [
  'INVALID_ARGUMENT',
  'OUT_OF_RANGE',
  'ALREADY_EXISTS',
  'NOT_FOUND',
  'UNIMPLEMENTED',
];
const isFinal = (error: unknown): error is RostrumError =>
  isRostrumError(error, 'MESSAGE_TOO_LARGE') ||
  (isRostrumError(error) && FINAL.includes(error.code));

const MAX_LINES = 1_000;
const RETRY_MS = 5_000;

/** A file with scores that are on their way. */
interface Segment {
  readonly file: string;
  readonly count: number;
  unanswered: number;
  /** Whether some of it must be sent again. */
  keep: boolean;
}

/**
 * Scores that wait on disk until the service has recorded them, each once: they keep the id that
 * they were stored with. A score is a line of JSON; a file is deleted when all its scores are
 * answered, and otherwise sent again as a whole, which the ids make harmless.
 */
export class ScoreOutbox implements AsyncDisposable {
  readonly #client: RostrumClient;
  readonly #options: OutboxOptions;
  readonly #closing = new AbortController();
  /** Files to which nothing is added any more, oldest first. */
  readonly #sealed: string[];
  #current: { readonly file: string; readonly handle: FileHandle; lines: number } | undefined;
  #unwritten: string[] = [];
  #writing: Promise<void> | undefined;
  #sending: Segment[] = [];
  #waiting: number;
  #added = Promise.withResolvers<void>();
  readonly #running: Promise<void>;

  private constructor(
    client: RostrumClient,
    options: OutboxOptions,
    files: string[],
    lines: number,
  ) {
    this.#client = client;
    this.#options = options;
    this.#sealed = files;
    this.#waiting = lines;
    this.#running = this.#run();
  }

  /** Begins to send what an earlier process left in the directory. */
  static async open(client: RostrumClient, options: OutboxOptions): Promise<ScoreOutbox> {
    await mkdir(options.directory, { recursive: true });
    const names = (await readdir(options.directory)).filter((name) => name.endsWith('.jsonl'));
    const files = names.sort().map((name) => join(options.directory, name));
    let lines = 0;
    for (const file of files) lines += (await readScores(file)).length;
    return new ScoreOutbox(client, options, files, lines);
  }

  /** How many scores wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Submits a score now if the service answers within `deadlineMs`. Otherwise the score is stored
   * and sent later, and there is no result yet. Throws what the service refuses for good.
   */
  async submit(score: ScoreSubmission, deadlineMs = 1_000): Promise<ScoreResult | undefined> {
    const submission = withIdAndTime(score);
    try {
      return await this.#client.scores.submit(submission, { deadlineMs });
    } catch (error) {
      if (isFinal(error)) throw error;
      await this.add(submission);
      return undefined;
    }
  }

  /** Resolves when the score is on disk: from then on it is sent, whatever becomes of this process. */
  async add(score: ScoreSubmission): Promise<void> {
    this.#closing.signal.throwIfAborted();
    if (this.#waiting >= this.#options.maxScores) {
      throw new Error(`${this.#waiting} scores wait already in ${this.#options.directory}`);
    }
    this.#waiting += 1;
    this.#unwritten.push(`${JSON.stringify(withIdAndTime(score))}\n`);
    this.#writing ??= this.#write();
    await this.#writing;
  }

  /** Stops sending; what waits is sent by whoever opens the directory next. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await this.#writing;
    await this.#current?.handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Writes what is added, also meanwhile: many that come together share one write to the disk. */
  async #write(): Promise<void> {
    try {
      while (this.#unwritten.length > 0) {
        const lines = this.#unwritten.slice(0, MAX_LINES);
        if (this.#current && this.#current.lines + lines.length > MAX_LINES) await this.#seal();
        this.#current ??= await this.#create();
        await this.#current.handle.appendFile(lines.join(''));
        await this.#current.handle.datasync();
        this.#current.lines += lines.length;
        this.#unwritten.splice(0, lines.length);
        this.#added.resolve();
      }
    } finally {
      // Those that could not be written: `add` tells it.
      this.#waiting -= this.#unwritten.splice(0).length;
      this.#writing = undefined;
    }
  }

  async #create() {
    const file = join(this.#options.directory, `${Date.now()}-${randomUUID()}.jsonl`);
    return { file, handle: await open(file, 'a'), lines: 0 };
  }

  async #seal(): Promise<void> {
    const sealed = this.#current;
    this.#current = undefined;
    if (!sealed) return;
    await sealed.handle.close();
    this.#sealed.push(sealed.file);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const pass = { over: false };
      try {
        // For as long as it takes: an outage of hours is why this class exists.
        const options = { signal, giveUpAfterMs: Number.POSITIVE_INFINITY };
        const items = this.#client.scores.submitAll(this.#stored(pass), options);
        for await (const item of items) await this.#settle(item);
      } catch (error) {
        pass.over = true;
        if (signal.aborted) return;
        this.#options.onBlocked(error);
        this.#sealed.unshift(...this.#sending.splice(0).map(({ file }) => file));
        await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** All that is stored, oldest first, and then what is added; it never ends. */
  async *#stored(pass: {
    readonly over: boolean;
  }): AsyncGenerator<ScoreSubmission, void, undefined> {
    for (;;) {
      if (this.#sealed.length === 0) {
        await this.#added.promise;
        // One that waited when its pass failed leaves what was added to the next.
        if (pass.over) return;
        this.#added = Promise.withResolvers();
        while (this.#writing) await this.#writing;
        await this.#seal();
      }
      const file = this.#sealed.shift();
      if (file === undefined) continue;
      const scores = await readScores(file);
      const { length: count } = scores;
      if (count === 0) {
        await rm(file);
        continue;
      }
      this.#sending.push({ file, count, unanswered: count, keep: false });
      yield* scores;
    }
  }

  /** Notes one answer. They come in the order in which the scores were sent. */
  async #settle({ ok, error, submission }: SubmittedScore): Promise<void> {
    const segment = this.#sending[0] as Segment;
    segment.unanswered -= 1;
    if (!ok && isFinal(error)) this.#options.onRefused(submission, error);
    else if (!ok) segment.keep = true;
    if (segment.unanswered > 0) return;
    this.#sending.shift();
    if (segment.keep) {
      this.#sealed.push(segment.file);
      this.#added.resolve();
    } else {
      await rm(segment.file);
      this.#waiting -= segment.count;
    }
  }
}

/** The time decides on `LATEST` leaderboards: a score that waited must not pass for the newest. */
function withIdAndTime(score: ScoreSubmission): ScoreSubmission {
  return {
    ...score,
    submissionId: score.submissionId ?? randomUUID(),
    clientTime: score.clientTime ?? new Date(),
  };
}

async function readScores(file: string): Promise<ScoreSubmission[]> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  // What follows the last line break was being written when the process died: nobody relies on it.
  return lines.slice(0, -1).map((line) => {
    const { clientTime, ...score } = JSON.parse(line);
    return { ...score, clientTime: new Date(clientTime) };
  });
}
