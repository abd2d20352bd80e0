import type { Caller, IdentityHoldings } from './caller.js';

/** What one connection has waiting, oldest first; those before `head` are gone. */
interface Line<T> {
  readonly caller: Caller;
  items: T[];
  head: number;
  next: Line<T>;
}

/** What one identity has waiting: a ring of the lines of its connections. */
interface Group<T> {
  readonly identity: IdentityHoldings;
  /** Whose turn it was last. */
  last: Line<T> | undefined;
  next: Group<T>;
}

/** When this many items of a line are gone, their places are given up. */
const GONE = 1_024;

/**
 * Things that wait, taken in turn: one of each identity, and for an identity one of each of its
 * connections. What one connection has waiting keeps its order. Each step takes the same time,
 * however much waits.
 */
export class CallerTurns<T extends { readonly caller: Caller }> {
  readonly #lines = new Map<Caller, Line<T>>();
  readonly #groups = new Map<IdentityHoldings, Group<T>>();
  #last: Group<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts an item behind all that its caller has waiting. */
  add(item: T): void {
    this.#size += 1;
    this.#lineOf(item.caller).items.push(item);
  }

  /** Puts an item before all that its caller has waiting. */
  putBack(item: T): void {
    this.#size += 1;
    const line = this.#lineOf(item.caller);
    if (line.head > 0) {
      line.head -= 1;
      line.items[line.head] = item;
    } else {
      line.items.unshift(item);
    }
  }

  /** Takes the item whose turn it is; undefined when nothing waits. */
  next(): T | undefined {
    if (this.#last === undefined) return undefined;
    const group = this.#last.next;
    const lastLine = group.last as Line<T>;
    const line = lastLine.next;
    const item = line.items[line.head] as T;
    line.head += 1;
    this.#size -= 1;
    if (line.head < line.items.length) {
      forgetGone(line);
      group.last = line;
      this.#last = group;
    } else {
      this.#lines.delete(line.caller);
      if (line !== lastLine) {
        lastLine.next = line.next;
        this.#last = group;
      } else {
        this.#remove(group);
      }
    }
    return item;
  }

  /** Takes a group without lines out of the ring. It is the one after the last. */
  #remove(group: Group<T>): void {
    this.#groups.delete(group.identity);
    const before = this.#last as Group<T>;
    if (before === group) this.#last = undefined;
    else before.next = group.next;
  }

  #lineOf(caller: Caller): Line<T> {
    const known = this.#lines.get(caller);
    if (known !== undefined) return known;
    const line = { caller, items: [], head: 0 } as unknown as Line<T>;
    this.#lines.set(caller, line);
    const group = this.#groupOf(caller.of);
    // The last in turn, behind all that are there.
    line.next = group.last?.next ?? line;
    if (group.last !== undefined) group.last.next = line;
    group.last = line;
    return line;
  }

  #groupOf(identity: IdentityHoldings): Group<T> {
    const known = this.#groups.get(identity);
    if (known !== undefined) return known;
    const group = { identity, last: undefined } as unknown as Group<T>;
    this.#groups.set(identity, group);
    group.next = this.#last?.next ?? group;
    if (this.#last !== undefined) this.#last.next = group;
    this.#last = group;
    return group;
  }
}

function forgetGone<T>(line: Line<T>): void {
  if (line.head < GONE || 2 * line.head < line.items.length) return;
  line.items = line.items.slice(line.head);
  line.head = 0;
}
