/** Values that place an entry in its ranking, with the factors applied: the lower stands higher. */
export interface PlaceValues {
  readonly score: number;
  readonly subscore: number;
  readonly reached: number;
}

/** A point in the order of a ranking, to ask how many entries stand above it. */
export type Point =
  | ({ readonly kind: 'entry' } & PlaceValues)
  /** Above all entries with this score, or below them. */
  | { readonly kind: 'aboveScore' | 'belowScore'; readonly score: number }
  /** Below all entries. */
  | { readonly kind: 'end' };

/**
 * The inputs of count_above.sql: the values at which its steps begin, and the steps of each point. A
 * step is a number of values that an entry reaches, from 0.
 */
export interface Steps {
  readonly scores: readonly number[];
  readonly subscores: readonly number[];
  readonly reached: readonly number[];
  readonly scoreSteps: readonly number[];
  readonly tieSteps: readonly number[];
}

export function stepsOf(points: readonly Point[]): Steps {
  const entries = points.filter((point) => point.kind === 'entry');
  const scores = ascending(points.flatMap((point) => (point.kind === 'end' ? [] : [point.score])));
  const subscores = ascending(entries.map(({ subscore }) => subscore));
  const reached = ascending(entries.map((entry) => entry.reached));
  const scoreStep = stepByValue(scores);
  const subscoreStep = stepByValue(subscores);
  const reachedStep = stepByValue(reached);
  // The steps of one subscore: reached 0 to all of `reached`, and one for subscores between the given.
  const width = reached.length + 2;
  const notTied = (subscores.length + 1) * width;
  const tieStep = (point: Point): number => {
    switch (point.kind) {
      case 'entry':
        return subscoreStep(point.subscore) * width + reachedStep(point.reached);
      case 'aboveScore':
        return -1;
      case 'belowScore':
        return notTied;
      case 'end':
        return 0;
    }
  };
  return {
    scores,
    subscores,
    reached,
    scoreSteps: points.map((point) =>
      point.kind === 'end' ? scores.length + 1 : scoreStep(point.score),
    ),
    tieSteps: points.map(tieStep),
  };
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

function stepByValue(values: readonly number[]): (value: number) => number {
  const steps = new Map(values.map((value, index) => [value, index + 1]));
  return (value) => steps.get(value) as number;
}
