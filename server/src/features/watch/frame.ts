import type { PlayerId } from '../../domain/ids.js';
import type { RankedRow, RankingView } from '../../domain/ranking.js';
import { samePayload, sameRow, sameSpot } from './diff.js';

/** A watcher can resume from this many of the revisions at which a frame was seen. */
const REMEMBERED_REVISIONS = 16;

/** What a view showed at one revision, or at several between which it did not change. */
export class Frame {
  readonly epoch: number;
  readonly rows: readonly RankedRow[];
  readonly totalPlayers: number;
  readonly #revisions: number[];
  #byPlayer: ReadonlyMap<PlayerId, RankedRow> | undefined;

  /**
   * @param lineage changes lead from one frame of a lineage to another; between lineages lies a reset
   * @param heldBytes bytes of payloads that are kept alive with it, at most; some may belong to no row any more
   */
  constructor(
    readonly lineage: number,
    view: RankingView,
    readonly heldBytes: number,
  ) {
    this.epoch = view.epoch;
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
   * Whether the view was seen to show this at exactly that revision. Revisions in between do not count: the
   * view may have changed and changed back.
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
  const inOrder = view.rows.every((row, i) => row.place >= (view.rows[i - 1]?.place ?? 0));
  return inOrder ? view : { ...view, rows: view.rows.toSorted((a, b) => a.place - b.place) };
}

/**
 * The frame that follows `before` when a read gives `answer`: `before` itself when nothing changed.
 * A new epoch, or a revision that went backwards (the index lost data), starts a new lineage.
 */
export function nextFrame(before: Frame | undefined, answer: RankingView): Frame {
  const view = sorted(answer);
  if (before === undefined) return frameOf(0, view, undefined);
  if (view.epoch !== before.epoch || view.revision < before.revision) {
    return frameOf(before.lineage + 1, view, undefined);
  }
  if (sameContent(before, view)) {
    before.seenAgainAt(view.revision);
    return before;
  }
  return frameOf(before.lineage, view, before);
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

/**
 * A frame with rows of its own: those of `view` look into the much larger buffer that they were read
 * into, which must not stay alive with them. Payloads that did not change are shared with `before`,
 * so that a history costs little memory. The others lie in one buffer: thousands of small ones
 * cost more memory than what is in them, and long pauses of the garbage collector.
 */
function frameOf(lineage: number, view: RankingView, before: Frame | undefined): Frame {
  const { rows } = view;
  let shared = before && rows.map((row) => sharedWith(before, row));
  let fresh = 0;
  let total = 0;
  for (const [at, { payload }] of rows.entries()) {
    total += payload.length;
    if (shared?.[at] === undefined) fresh += payload.length;
  }
  let held = fresh + (before?.heldBytes ?? 0);
  // One row that stays would otherwise keep all the rows alive that it once came with.
  if (held > 2 * total) {
    shared = undefined;
    fresh = held = total;
  }
  // Not from Node's pool: a slice of that keeps all of it alive.
  const buffer = Buffer.allocUnsafeSlow(fresh);
  let end = 0;
  const own = rows.map((row, at): RankedRow => {
    const { place, rank } = row;
    const old = shared?.[at];
    if (old !== undefined) return sameSpot(old, row) ? old : { ...old, place, rank };
    const start = end;
    end += row.payload.copy(buffer, start);
    const payload = buffer.subarray(start, end);
    return { place, rank, playerId: row.playerId, score: row.score, payload };
  });
  return new Frame(lineage, { ...view, rows: own }, held);
}

/** The row of the same player if that has the same payload. */
function sharedWith(frame: Frame, row: RankedRow): RankedRow | undefined {
  const old = frame.byPlayer.get(row.playerId);
  return old !== undefined && samePayload(old, row) ? old : undefined;
}
