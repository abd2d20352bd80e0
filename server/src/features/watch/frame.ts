import type { PlayerId } from '../../domain/ids.js';
import type { RankedRow, RankingView } from '../../domain/ranking.js';
import { samePayload, sameRow, sameSpot } from './diff.js';

/** How many of the revisions at which a frame was seen can be resumed from. */
const REMEMBERED_REVISIONS = 16;

/** What a view showed at one revision, or at several between which it did not change. */
export class Frame {
  readonly epoch: number;
  /** Frames of one lineage lead to each other by changes; between lineages lies a reset. */
  readonly lineage: number;
  readonly rows: readonly RankedRow[];
  readonly totalPlayers: number;
  readonly #revisions: number[];
  #byPlayer: ReadonlyMap<PlayerId, RankedRow> | undefined;

  constructor(lineage: number, view: RankingView) {
    this.epoch = view.epoch;
    this.lineage = lineage;
    this.rows = view.rows;
    this.totalPlayers = view.totalPlayers;
    this.#revisions = [view.revision];
  }

  /** The newest revision at which the view was seen to show this. */
  get revision(): number {
    return this.#revisions.at(-1) ?? 0;
  }

  get byPlayer(): ReadonlyMap<PlayerId, RankedRow> {
    this.#byPlayer ??= new Map(this.rows.map((row) => [row.playerId, row]));
    return this.#byPlayer;
  }

  /**
   * Whether the view was seen to show this at exactly that revision. Revisions between two seen
   * ones do not count: the view may have changed and changed back in between.
   */
  wasSeenAt(revision: number): boolean {
    return this.#revisions.includes(revision);
  }

  /** Notes that the view still shows this. */
  seenAgainAt(revision: number): void {
    if (revision === this.revision) return;
    this.#revisions.push(revision);
    if (this.#revisions.length > REMEMBERED_REVISIONS) this.#revisions.shift();
  }
}

/** Best first: a read of given players answers in the order of asking. */
function sorted(view: RankingView): RankingView {
  const inOrder = view.rows.every(
    (row, i) => i === 0 || row.place >= (view.rows[i - 1]?.place ?? 0),
  );
  return inOrder ? view : { ...view, rows: view.rows.toSorted((a, b) => a.place - b.place) };
}

/**
 * The frame that follows `before` when a read gives `answer`: `before` itself when nothing changed.
 * A new epoch, or a revision that went backwards (the index lost data), starts a new lineage.
 */
export function nextFrame(before: Frame | undefined, answer: RankingView): Frame {
  const view = sorted(answer);
  if (before === undefined) return new Frame(0, { ...view, rows: view.rows.map(own) });
  if (view.epoch !== before.epoch || view.revision < before.revision) {
    return new Frame(before.lineage + 1, { ...view, rows: view.rows.map(own) });
  }
  if (sameContent(before, view)) {
    before.seenAgainAt(view.revision);
    return before;
  }
  const rows = view.rows.map((row) => shareWith(before.byPlayer.get(row.playerId), row));
  return new Frame(before.lineage, { ...view, rows });
}

function sameContent(frame: Frame, view: RankingView): boolean {
  return (
    frame.totalPlayers === view.totalPlayers &&
    frame.rows.length === view.rows.length &&
    frame.rows.every((row, i) => {
      const other = view.rows[i];
      return other !== undefined && row.playerId === other.playerId && sameRow(row, other);
    })
  );
}

/** Frames that are kept share what did not change, so that a history costs little memory. */
function shareWith(old: RankedRow | undefined, row: RankedRow): RankedRow {
  if (old === undefined || !samePayload(old, row)) return own(row);
  return sameSpot(old, row) ? old : { ...old, place: row.place, rank: row.rank };
}

/**
 * A plain copy. Rows as they are read look into the much larger buffer they were read into, which
 * must not stay alive with them; a slice of Node's buffer pool would keep that alive instead.
 */
function own({ place, rank, playerId, score, payload }: RankedRow): RankedRow {
  const copy = Buffer.allocUnsafeSlow(payload.length);
  payload.copy(copy);
  return { place, rank, playerId, score, payload: copy };
}
