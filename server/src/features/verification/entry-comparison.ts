import type { Entry } from '../../domain/entry.js';
import type { IndexInspection } from '../index/ports.js';

/** How the index and the store of record differ on an entry. */
export interface Mismatch {
  /** `missing`: not in the index; `extra`: only in the index; `different`: in both. */
  readonly kind: 'missing' | 'extra' | 'different';
  /** For people. */
  readonly description: string;
}

/** Compares an entry with what the index holds of the player; undefined if they agree. */
export function compareEntry(
  entry: Entry | undefined,
  found: IndexInspection['found'],
  encodePayload: (entry: Entry) => Uint8Array,
): Mismatch | undefined {
  if (entry === undefined) {
    if (found === undefined) return undefined;
    return { kind: 'extra', description: 'the store of record has no such entry' };
  }
  if (found === undefined) {
    return { kind: 'missing', description: 'the index has no such entry' };
  }
  for (const field of ['version', 'score', 'subscore', 'reached'] as const) {
    if (found[field] === entry[field]) continue;
    return different(
      `${field} ${found[field]} in the index, ${entry[field]} in the store of record`,
    );
  }
  if (!found.payload.equals(encodePayload(entry))) {
    return different('what the index answers with is not what the store of record has');
  }
  return found.placed ? undefined : different('not in the order, or not at the place of its score');
}

function different(description: string): Mismatch {
  return { kind: 'different', description };
}
