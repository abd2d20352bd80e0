import type { Http2Session } from 'node:http2';

const INITIAL_CAPACITY = 16;
/** A table of this size or less does not shrink. */
const KEPT_CAPACITY = 128;
/** Marks a free slot. */
const FREE = -1;

/**
 * Replaces the Map in which Node keeps the open streams of an HTTP/2 session. A Map whose entries keep
 * coming and going leaves dead layouts behind, which keep the streams alive for the garbage collector
 * (docs/decisions/0011-stream-table.md). This table is written in place.
 *
 * Its keys are stream numbers, which grow, and it has only the methods that Node 26 calls. Open
 * addressing with linear probing; removal moves later entries back instead of leaving marks (Knuth,
 * The Art of Computer Programming, vol. 3, 6.4, algorithm R). Unlike that of a Map, a walk is in no
 * particular order and leaves out what is added meanwhile.
 */
export class StreamTable<V> {
  #ids = new Array<number>(INITIAL_CAPACITY).fill(FREE);
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

  forEach(callback: (value: V, id: number) => void): void {
    for (const id of this.#ids.filter((each) => each !== FREE)) {
      if (this.has(id)) callback(this.get(id) as V, id);
    }
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
    // Even if this array is in the old generation, it now keeps nothing alive.
    values.fill(undefined);
  }
}

/** The versions whose code was read: if Node called one more method, this table would not do. */
const NODE_MAJORS = ['26'];

/** Gives a new session such a table. Returns whether it could. */
export function useStreamTable(session: Http2Session): boolean {
  if (!NODE_MAJORS.includes(process.versions.node.split('.', 1)[0] as string)) return false;
  for (const symbol of Object.getOwnPropertySymbols(session)) {
    const state: unknown = Reflect.get(session, symbol);
    const holder = state as { streams?: { size?: unknown } } | null | undefined;
    if (holder?.streams?.size !== 0) continue;
    holder.streams = new StreamTable();
    return true;
  }
  return false;
}
