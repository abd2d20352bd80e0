import type { FaultKind } from '../schedule/schedule.ts';

/** One place of the built server, or of its SQL or Lua, and what to make of it. */
export interface Patch {
  /** In `server/`. */
  readonly file: string;
  /** Must be there, everywhere it is replaced. */
  readonly find: string;
  readonly replace: string;
}

/** A fault of Rostrum's own, made on purpose. */
export interface Mutation {
  readonly name: string;
  /** What it breaks, for people. */
  readonly breaks: string;
  readonly patches: readonly Patch[];
  /** What is inflicted to provoke it, one after the other: at which second, for how many. */
  readonly faults: readonly (FaultKind & { readonly second: number; readonly lasts: number })[];
  /** How long the load goes on, in seconds. */
  readonly seconds: number;
  /** Kinds of findings of which at least one must come. */
  readonly finds: readonly string[];
}
