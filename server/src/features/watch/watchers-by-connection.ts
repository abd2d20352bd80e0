import type { Caller } from '../../domain/caller.js';
import type { Watcher } from './watcher.js';

/**
 * A set of watchers that iterates connection by connection. HTTP/2 sends what is written to one
 * connection in one turn of the event loop as one TLS record, with one system call; in the order
 * in which the watchers came, each message would be a record of its own.
 */
export class WatchersByConnection<W extends Watcher> implements Iterable<W> {
  readonly #byConnection = new Map<Caller, Set<W>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get connections(): Iterable<Caller> {
    return this.#byConnection.keys();
  }

  has(watcher: W): boolean {
    return this.#byConnection.get(watcher.stream.caller)?.has(watcher) ?? false;
  }

  add(watcher: W): void {
    const { caller } = watcher.stream;
    const watchers = this.#byConnection.get(caller);
    if (watchers?.has(watcher)) return;
    this.#size++;
    if (watchers === undefined) this.#byConnection.set(caller, new Set([watcher]));
    else watchers.add(watcher);
  }

  /** Returns whether it was there. */
  delete(watcher: W): boolean {
    const { caller } = watcher.stream;
    const watchers = this.#byConnection.get(caller);
    if (!watchers?.delete(watcher)) return false;
    this.#size--;
    if (watchers.size === 0) this.#byConnection.delete(caller);
    return true;
  }

  /** Watchers that are deleted meanwhile are left out. */
  *[Symbol.iterator](): Generator<W> {
    for (const watchers of this.#byConnection.values()) {
      for (const watcher of watchers) yield watcher;
    }
  }
}
