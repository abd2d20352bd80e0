import type { Http2Session } from 'node:http2';
import type grpc from '@grpc/grpc-js';

/*
 * Node keeps the open streams of an HTTP/2 session in a Map. A Map that entries come to and leave
 * all the time is laid out anew every few entries, and its former layout, long dead, still leads to
 * the next one and to the streams it held. Once one of them is in the old generation, the young
 * generation's collector takes everything behind it for alive: of all that calls allocate, a third
 * was copied twice and left for the full collector. With the table below next to nothing is.
 * See docs/decisions/0011-stream-table.md.
 */

const INITIAL_CAPACITY = 16;

/**
 * A Map from the numbers of HTTP/2 streams, which grow, to what is kept of them. It is written in
 * place, so that nothing dead leads to what is alive. Open addressing with linear probing; removal
 * moves later entries back instead of leaving marks (Knuth, The Art of Computer Programming, vol. 3,
 * 6.4, algorithm R). Iteration is in no particular order, over the entries as they were when it began.
 */
export class StreamTable<V> implements Map<number, V> {
  readonly [Symbol.toStringTag] = 'StreamTable';
  /** Stream numbers; 0, the number of the connection itself, marks a free slot. */
  #ids = new Array<number>(INITIAL_CAPACITY).fill(0);
  #values = new Array<V | undefined>(INITIAL_CAPACITY).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): V | undefined {
    return this.#values[this.#slot(id)];
  }

  has(id: number): boolean {
    return this.#ids[this.#slot(id)] === id;
  }

  set(id: number, value: V): this {
    let slot = this.#slot(id);
    if (this.#ids[slot] !== id) {
      if (2 * (this.#size + 1) > this.#ids.length) {
        this.#grow();
        slot = this.#slot(id);
      }
      this.#ids[slot] = id;
      this.#size += 1;
    }
    this.#values[slot] = value;
    return this;
  }

  delete(id: number): boolean {
    const ids = this.#ids;
    const mask = ids.length - 1;
    let free = this.#slot(id);
    if (ids[free] !== id) return false;
    for (let at = (free + 1) & mask; ids[at] !== 0; at = (at + 1) & mask) {
      const home = (ids[at] as number) >>> 1;
      // It may move back only to a slot that is not before its home.
      if (((at - home) & mask) >= ((at - free) & mask)) {
        ids[free] = ids[at] as number;
        this.#values[free] = this.#values[at];
        free = at;
      }
    }
    ids[free] = 0;
    this.#values[free] = undefined;
    this.#size -= 1;
    return true;
  }

  clear(): void {
    this.#ids.fill(0);
    this.#values.fill(undefined);
    this.#size = 0;
  }

  forEach(callback: (value: V, id: number, map: Map<number, V>) => void, thisArg?: unknown): void {
    for (const [id, value] of this) callback.call(thisArg, value, id, this);
  }

  *[Symbol.iterator](): MapIterator<[number, V]> {
    const ids = this.#ids.filter((id) => id !== 0);
    const entries = ids.map((id): [number, V] => [id, this.get(id) as V]);
    yield* entries;
  }

  entries(): MapIterator<[number, V]> {
    return this[Symbol.iterator]();
  }

  *keys(): MapIterator<number> {
    for (const [id] of this) yield id;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this) yield value;
  }

  /** Where `id` is, or else the free slot where it would go. Half of all slots are free. */
  #slot(id: number): number {
    const ids = this.#ids;
    const mask = ids.length - 1;
    // The numbers that one side gives are all odd or all even.
    let slot = (id >>> 1) & mask;
    while (ids[slot] !== id && ids[slot] !== 0) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const ids = this.#ids;
    const values = this.#values;
    this.#ids = new Array<number>(2 * ids.length).fill(0);
    this.#values = new Array<V | undefined>(2 * ids.length).fill(undefined);
    ids.forEach((id, at) => {
      if (id === 0) return;
      const slot = this.#slot(id);
      this.#ids[slot] = id;
      this.#values[slot] = values[at];
    });
    values.fill(undefined);
  }
}

/**
 * Gives the sessions of a grpc-js server such tables. Neither grpc-js nor Node has an interface for
 * it: what is not found where grpc-js 1.14 and Node 20 to 26 have it is left as it is.
 */
export function useStreamTables(server: grpc.Server): void {
  const http2Servers: unknown = Reflect.get(server, 'http2Servers');
  if (!(http2Servers instanceof Map)) return;
  for (const http2Server of http2Servers.keys()) {
    http2Server.off('session', useStreamTable);
    http2Server.prependListener('session', useStreamTable);
  }
}

/** Gives a session that has just begun such a table. Returns whether it could. */
export function useStreamTable(session: Http2Session): boolean {
  for (const symbol of Object.getOwnPropertySymbols(session)) {
    const state: unknown = Reflect.get(session, symbol);
    if (typeof state !== 'object' || state === null || !('streams' in state)) continue;
    if (!isEmptyMap(state.streams)) return false;
    state.streams = new StreamTable();
    return true;
  }
  return false;
}

/** Whether it is a Map, or has all its methods, as Node's own maps have, and nothing in it. */
function isEmptyMap(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('size' in value)) return false;
  return value.size === 0 && ['get', 'has', 'set', 'delete'].every((name) => name in value);
}
