import type { Http2Session } from 'node:http2';
import type grpc from '@grpc/grpc-js';
import { http2ServersOf } from './http2-servers.js';

/*
 * Node keeps the open streams of an HTTP/2 session in a Map. A Map that entries come to and leave
 * all the time is laid out anew every few entries, and its former layout, long dead, still leads to
 * the next one and to the streams it held. Once one of them is in the old generation, the young
 * generation's collector takes everything behind it for alive: of all that calls allocate, a third
 * was copied twice and left for the full collector. With the table below next to nothing is.
 * See docs/decisions/0011-stream-table.md.
 */

const INITIAL_CAPACITY = 16;
/** Up to here a table keeps its slots, however few it uses. */
const KEPT_CAPACITY = 128;
/** Marks a free slot. */
const FREE = -1;

/**
 * A Map from the numbers of HTTP/2 streams, which grow, to what is kept of them. It is written in
 * place, so that nothing dead leads to what is alive. Open addressing with linear probing; removal
 * moves later entries back instead of leaving marks (Knuth, The Art of Computer Programming, vol. 3,
 * 6.4, algorithm R). Unlike that of a Map, iteration is in no particular order and leaves out what is
 * added meanwhile.
 */
export class StreamTable<V> implements Map<number, V> {
  #ids = new Array<number>(INITIAL_CAPACITY).fill(FREE);
  #values = new Array<V | undefined>(INITIAL_CAPACITY).fill(undefined);
  #size = 0;

  get [Symbol.toStringTag](): string {
    return 'StreamTable';
  }

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
        this.#resize(2 * this.#ids.length);
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
    for (let at = (free + 1) & mask; ids[at] !== FREE; at = (at + 1) & mask) {
      const home = (ids[at] as number) >>> 1;
      // It may move back only to a slot that is not before its home.
      if (((at - home) & mask) >= ((at - free) & mask)) {
        ids[free] = ids[at] as number;
        this.#values[free] = this.#values[at];
        free = at;
      }
    }
    ids[free] = FREE;
    this.#values[free] = undefined;
    this.#size -= 1;
    if (ids.length > KEPT_CAPACITY && 8 * this.#size < ids.length) this.#resize(ids.length / 2);
    return true;
  }

  clear(): void {
    this.#size = 0;
    this.#ids.fill(FREE);
    this.#resize(INITIAL_CAPACITY);
  }

  getOrInsert(id: number, value: V): V {
    return this.getOrInsertComputed(id, () => value);
  }

  getOrInsertComputed(id: number, compute: (id: number) => V): V {
    if (!this.has(id)) this.set(id, compute(id));
    return this.get(id) as V;
  }

  forEach(callback: (value: V, id: number, map: Map<number, V>) => void, thisArg?: unknown): void {
    for (const [id, value] of this) callback.call(thisArg, value, id, this);
  }

  *[Symbol.iterator](): MapIterator<[number, V]> {
    for (const id of this.#ids.filter((each) => each !== FREE)) {
      if (this.has(id)) yield [id, this.get(id) as V];
    }
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
    while (ids[slot] !== id && ids[slot] !== FREE) slot = (slot + 1) & mask;
    return slot;
  }

  #resize(capacity: number): void {
    const ids = this.#ids;
    const values = this.#values;
    this.#ids = new Array<number>(capacity).fill(FREE);
    this.#values = new Array<V | undefined>(capacity).fill(undefined);
    ids.forEach((id, at) => {
      if (id === FREE) return;
      const slot = this.#slot(id);
      this.#ids[slot] = id;
      this.#values[slot] = values[at];
    });
    // So that these lead nowhere, if they are in the old generation.
    values.fill(undefined);
  }
}

/**
 * Gives the sessions of a grpc-js server such tables. Neither grpc-js nor Node has an interface for
 * it: what is not found where grpc-js 1.14 and Node 20 to 26 have it is left as it is.
 *
 * @returns how many HTTP/2 servers it found in the server.
 */
export function useStreamTables(server: grpc.Server): number {
  const http2Servers = http2ServersOf(server);
  for (const http2Server of http2Servers) {
    http2Server.off('session', useStreamTable);
    http2Server.prependListener('session', useStreamTable);
  }
  return http2Servers.length;
}

/** Gives a session that has just begun such a table. Returns whether it could. */
export function useStreamTable(session: Http2Session): boolean {
  for (const symbol of Object.getOwnPropertySymbols(session)) {
    const state: unknown = Reflect.get(session, symbol);
    if (typeof state !== 'object' || state === null || !('streams' in state)) continue;
    if (!isReplaceable(state.streams)) return false;
    state.streams = new StreamTable();
    return true;
  }
  return false;
}

/** Whether it is an empty map that can do nothing that a `StreamTable` cannot. */
function isReplaceable(map: unknown): boolean {
  if (typeof map !== 'object' || map === null || !('size' in map) || map.size !== 0) return false;
  const names = new Set<string | symbol>();
  for (let each: object | null = map; each !== null && each !== Object.prototype; ) {
    for (const name of Reflect.ownKeys(each)) names.add(name);
    each = Reflect.getPrototypeOf(each);
  }
  return names.has('get') && [...names].every((name) => name in StreamTable.prototype);
}
