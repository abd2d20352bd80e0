/** Watchers served in one go before other work gets its turn; about 2 ms of writing. */
const AT_ONCE = 256;

/**
 * Calls `visit` for each item, letting the event loop turn between batches, so that a view with
 * very many watchers does not hold up everyone else. Items deleted meanwhile are skipped when
 * `items` is a Set.
 */
export async function fairPass<T>(items: Iterable<T>, visit: (item: T) => void): Promise<void> {
  let visited = 0;
  for (const item of items) {
    visit(item);
    if (++visited % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
