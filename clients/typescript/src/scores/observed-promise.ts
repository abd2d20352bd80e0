/** A promise that knows whether anybody asked for its outcome: by `await`, `then`, `catch`… */
export class ObservedPromise<T> extends Promise<T> {
  /** What is derived from one is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  observed = false;

  // biome-ignore lint/suspicious/noThenProperty: asking is what it has to notice.
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.observed = true;
    return super.then(onFulfilled, onRejected);
  }

  /** Sees to it that its rejection never counts as unhandled; nobody has asked by that. */
  tame(): void {
    void super.then(undefined, () => {});
  }
}
