import {
  type Budget,
  eachNumber,
  initialModel,
  type Model,
  type Rules,
  stepsFrom,
  violationOf,
} from './index-model.ts';

export interface Exploration {
  /** How many different states there are. */
  readonly states: number;
  /** The shortest way to a state that is wrong, and what is wrong there. */
  readonly counterexample:
    | { readonly steps: readonly string[]; readonly violation: string }
    | undefined;
}

/** Visits every state that can be reached, the nearest first. */
export function explore(rules: Rules, owners: readonly number[], budget: Budget): Exploration {
  const first = initialModel();
  const seen = new Set<number>([hashOf(first)]);
  // Kept as links, so that the way to a state can be told.
  let frontier: Visit[] = [{ model: first, what: '', before: undefined }];
  while (frontier.length > 0) {
    const next: Visit[] = [];
    for (const visit of frontier) {
      const from = visit.model as Model;
      visit.model = undefined;
      for (const { what, model } of stepsFrom(from, rules, owners, budget)) {
        const key = hashOf(model);
        if (seen.has(key)) continue;
        seen.add(key);
        const reached: Visit = { model, what, before: visit };
        const violation = violationOf(model, rules);
        if (violation !== undefined) {
          return { states: seen.size, counterexample: { steps: wayTo(reached), violation } };
        }
        next.push(reached);
      }
    }
    frontier = next;
  }
  return { states: seen.size, counterexample: undefined };
}

interface Visit {
  /** Let go of once its steps were taken. */
  model: Model | undefined;
  readonly what: string;
  readonly before: Visit | undefined;
}

function wayTo(visit: Visit): string[] {
  const steps: string[] = [];
  for (let at: Visit | undefined = visit; at?.before !== undefined; at = at.before) {
    steps.push(at.what);
  }
  return steps.reverse();
}

/** 53 bits: two of ten million states share one with a probability of 1 in 180. */
function hashOf(model: Model): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  eachNumber(model, (value) => {
    high = Math.imul(high ^ value, 2654435761) ^ (high >>> 15);
    low = Math.imul(low ^ value, 1597334677) ^ (low >>> 13);
  });
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
