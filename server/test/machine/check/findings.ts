/** Something that must not be. */
export interface Finding {
  /** Findings of a kind are shown together. */
  readonly kind: string;
  /** Milliseconds on the machine's clock. */
  readonly at: number;
  /** -1: none in particular. */
  readonly server: number;
  /** What was answered, and what was expected. */
  readonly what: string;
}

export type Report = (kind: string, at: number, server: number, what: string) => void;
