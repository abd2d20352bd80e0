import { refuseField } from '../errors/refuse-field.js';
import { typeOf } from '../errors/require-type.js';

/** What a source gives: a submission, or its end, perhaps by an error. */
export type Taken<Submission> =
  | { readonly submission: Submission }
  | { readonly ended: true; readonly error?: unknown };

/** The submissions of an iterable, taken one at a time. */
export class SubmissionSource<Submission> {
  readonly #iterator: Iterator<Submission> | AsyncIterator<Submission>;
  #ended = false;
  #stopWaiting: ((taken: Taken<Submission>) => void) | undefined;

  /** @throws INVALID_FIELD for what cannot be iterated */
  constructor(source: Iterable<Submission> | AsyncIterable<Submission>) {
    this.#iterator = iteratorOf(source);
  }

  /** The next submission: at once where the iterable is not an asynchronous one. Never rejects. */
  take(): Taken<Submission> | Promise<Taken<Submission>> {
    let pulled: IteratorResult<Submission> | Promise<IteratorResult<Submission>>;
    try {
      pulled = this.#iterator.next();
      if (!('then' in pulled)) return this.#read(pulled);
    } catch (error) {
      return this.#fail(error);
    }
    const reading = Promise.resolve(pulled).then((result) => this.#read(result));
    return new Promise((resolve) => {
      this.#stopWaiting = resolve;
      reading.then(resolve, (error: unknown) => resolve(this.#fail(error)));
    });
  }

  /** Ends a `take` that still waits with an error. */
  stopWaiting(error: unknown): void {
    this.#stopWaiting?.({ ended: true, error });
  }

  /** Tells the iterable that no more is taken, unless it has ended by itself. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const returned = Promise.resolve(this.#iterator.return?.());
    // A generator that is still asked for its next item returns only after that, if ever.
    if (this.#stopWaiting) returned.catch(() => {});
    else await returned;
  }

  #read(result: IteratorResult<Submission>): Taken<Submission> {
    this.#stopWaiting = undefined;
    if (!result.done) return { submission: result.value };
    this.#ended = true;
    return { ended: true };
  }

  #fail(error: unknown): Taken<Submission> {
    this.#stopWaiting = undefined;
    this.#ended = true;
    return { ended: true, error };
  }
}

function iteratorOf<T>(source: Iterable<T> | AsyncIterable<T>): Iterator<T> | AsyncIterator<T> {
  if (typeof source === 'object' && source !== null) {
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
  }
  throw refuseField('submissions', `must be an iterable, not ${typeOf(source)}`);
}
