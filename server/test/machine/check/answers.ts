import { BOARDS } from '../boards.ts';
import { type History, type Read, ROW, type Rows, type Submission } from '../history.ts';
import type { Ledger } from './ledger.ts';
import type { Timeline } from './timeline.ts';

/** A list, or part of one, that was answered: of reads and of submissions alike. */
export interface Shows {
  readonly what: string;
  readonly server: number;
  readonly begin: number;
  readonly end: number;
  /** 0: from the store of record; -1: not told. */
  readonly revision: number;
  /** -1: not told. */
  readonly total: number;
  readonly rows: Rows;
  readonly missing: readonly number[];
  /** Whether the server was cut off from the store of record; see timeline.ts. */
  readonly isFar: boolean;
  /** What the rows must be, if more than their own ranks is known. */
  readonly shape: Shape;
  /** Of a submission: what it says of the moment before. */
  readonly previous?: Previous;
}

export type Shape =
  | { readonly kind: 'any' }
  /** The answer to a submission: the state that it made, and where the player stands by then. */
  | { readonly kind: 'own' }
  | { readonly kind: 'range'; readonly start: number; readonly count: number }
  | { readonly kind: 'around'; readonly player: number; readonly count: number };

export interface Previous {
  readonly player: number;
  /** The state that the submission made. */
  readonly state: number;
  /** -1: absent. */
  readonly rank: number;
}

function ofRead(read: Read, timeline: Timeline): Shows {
  const { server, begin, end, revision, total, rows, missing, of, count, kind } = read;
  const board = BOARDS[read.board]?.id;
  const names = {
    get: `get p${of} of ${board}`,
    list: `list of ${board} from rank ${of}, ${count} rows`,
    around: `around p${of} of ${board}, ${count} rows`,
    batchGet: `batchGet of ${board}`,
  };
  let shape: Shape = { kind: 'any' };
  if (kind === 'list') shape = { kind: 'range', start: of, count };
  if (kind === 'around' && missing.length === 0) shape = { kind: 'around', player: of, count };
  const isFar = timeline.isFar(server, begin);
  return { what: names[kind], server, begin, end, revision, total, rows, missing, isFar, shape };
}

/** The ranked answers to a submission that was recorded. */
function ofSubmission(submission: Submission, ledger: Ledger, timeline: Timeline): Shows[] {
  const recorded = ledger.find(submission);
  if (recorded === undefined) return [];
  const { board, player, id } = submission;
  return submission.answers
    .filter(({ ranked }) => ranked)
    .map((answer) => {
      const { server, begin, end, revision, total, rank, score, subscore, submissions } = answer;
      const rows = new Float64Array(ROW);
      rows.set([rank, player, submissions, score, subscore]);
      const isPlaced = recorded.isAccepted && !answer.replayed;
      return {
        what: `answer to ${id} of p${player} of ${BOARDS[board]?.id} (${answer.outcome})`,
        server,
        begin,
        end,
        revision,
        total,
        rows,
        missing: [],
        isFar: timeline.isFar(server, begin),
        shape: { kind: 'own' },
        ...(isPlaced && {
          previous: { player, state: recorded.state, rank: answer.previousRank },
        }),
      };
    });
}

export function allShown(
  history: History,
  ledger: Ledger,
  timeline: Timeline,
  board: number,
): Shows[] {
  return [
    ...history.reads.filter((read) => read.board === board).map((read) => ofRead(read, timeline)),
    ...history.submissions
      .filter((each) => each.board === board)
      .flatMap((each) => ofSubmission(each, ledger, timeline)),
  ];
}
