/** What the benchmark measures. */
export type OperationName =
  | 'echo'
  | 'rank'
  | 'top-20'
  | 'around-20'
  | 'submit'
  | 'stream'
  | 'batch-100';

export interface Operation {
  readonly name: OperationName;
  /** What it is, for the table. */
  readonly title: string;
  /** What is counted. */
  readonly unit: 'calls' | 'submissions';
  /** The least share of the bare echo's rate; undefined where none is demanded. */
  readonly floor: number | undefined;
  /** Whether it is measured over plaintext too. */
  readonly plaintext: boolean;
}

export const OPERATIONS: readonly Operation[] = [
  { name: 'echo', title: 'bare echo', unit: 'calls', floor: undefined, plaintext: true },
  { name: 'rank', title: 'rank of a player', unit: 'calls', floor: 0.75, plaintext: true },
  { name: 'top-20', title: 'top 20', unit: 'calls', floor: 0.6, plaintext: false },
  { name: 'around-20', title: '20 around a player', unit: 'calls', floor: 0.5, plaintext: false },
  { name: 'submit', title: 'submission, unary', unit: 'submissions', floor: 0.42, plaintext: true },
  {
    name: 'stream',
    title: 'submissions, streamed',
    unit: 'submissions',
    floor: 1.3,
    plaintext: false,
  },
  {
    name: 'batch-100',
    title: 'submissions, batches of 100',
    unit: 'submissions',
    floor: undefined,
    plaintext: false,
  },
];

/** Mutual TLS may cost at most this share of the plaintext rate. */
export const TLS_FLOOR = 0.8;

/** The board that everything is measured on. */
export const BOARD = 'bench';

/** How many digits the number of a player has in `p0000000`. */
export const PLAYER_DIGITS = 7;

/** Scores are whole numbers below this. */
export const SCORE_LIMIT = 1_000_000;

export const ECHO_PATH = '/rostrum.bench.Echo/Call';
