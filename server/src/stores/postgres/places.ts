/** 0-based places from `start` to before `end`. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** A score with the factor applied, and how many entries have a better one. */
export interface Fence {
  readonly score: number;
  readonly above: number;
}

/** The inputs $4 to $6 of list_places.sql. */
export interface PlaceRanges {
  readonly scores: number[];
  readonly above: number[];
  readonly places: number[];
}

/**
 * The ranges of scores that hold all places of some windows, as narrow as the fences allow.
 *
 * @param fences by ascending score
 */
export function rangesOf(windows: readonly Window[], fences: readonly Fence[]): PlaceRanges {
  const ranges: PlaceRanges = { scores: [], above: [], places: [] };
  const { scores, above, places } = ranges;
  for (const { start, end } of merged(windows)) {
    places.push(start, end);
    // The last fence above the whole window, and the first below it.
    const first = fences[countWhere(fences, (fence) => fence.above <= start) - 1];
    const behind = fences[countWhere(fences, (fence) => fence.above < end)];
    const from = first?.score ?? Number.NEGATIVE_INFINITY;
    const to = behind?.score ?? Number.POSITIVE_INFINITY;
    const last = scores.at(-1);
    if (last !== undefined && from <= last) {
      scores[scores.length - 1] = Math.max(last, to);
    } else {
      scores.push(from, to);
      above.push(first?.above ?? 0);
    }
  }
  return ranges;
}

/** The windows without overlap, ascending. */
function merged(windows: readonly Window[]): Window[] {
  const result: Window[] = [];
  const nonEmpty = windows.filter(({ start, end }) => start < end);
  for (const window of nonEmpty.sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && window.start <= last.end) {
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, window.end) };
    } else {
      result.push(window);
    }
  }
  return result;
}

/** How many values meet a condition that no value meets behind one that does not. */
function countWhere<T>(values: readonly T[], meets: (value: T) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (meets(values[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
