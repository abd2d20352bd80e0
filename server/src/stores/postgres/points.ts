/**
 * A point in the order of a ranking, to ask how many entries stand above it: at an entry, above or below
 * all entries with a score, or below all entries. The factors are applied: lower stands higher.
 */
export type Point =
  | { kind: 'entry'; score: number; subscore: number; reached: number }
  | { kind: 'aboveScore' | 'belowScore'; score: number }
  | { kind: 'end' };

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
  // Steps per subscore: those of `reached` from 0, and one for subscores between the given ones.
  const width = reached.length + 2;
  const notTied = (subscores.length + 1) * width;
  const stepsAt = (point: Point): readonly [score: number, tie: number] => {
    switch (point.kind) {
      case 'entry':
        return [
          scoreStep(point.score),
          subscoreStep(point.subscore) * width + reachedStep(point.reached),
        ];
      case 'aboveScore':
        return [scoreStep(point.score), -1];
      case 'belowScore':
        return [scoreStep(point.score), notTied];
      case 'end':
        return [scores.length + 1, 0];
    }
  };
  const steps = points.map(stepsAt);
  return {
    scores,
    subscores,
    reached,
    scoreSteps: steps.map(([score]) => score),
    tieSteps: steps.map(([, tie]) => tie),
  };
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

function stepByValue(values: readonly number[]): (value: number) => number {
  const steps = new Map(values.map((value, index) => [value, index + 1]));
  return (value) => steps.get(value) as number;
}
