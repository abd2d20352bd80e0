import type { Board } from '../boards.ts';
import { ROW, type Segment } from '../history.ts';
import type { Shows } from './answers.ts';
import type { Problem } from './check-windows.ts';
import type { Report } from './findings.ts';
import type { Ledger } from './ledger.ts';
import { Ranking } from './ranking.ts';
import type { Windows } from './windows.ts';

/** Answers may be older or newer than the stretch of the feed that has their revision, by this. */
const NEARBY_MS = 10_000;
/** A stretch that began or ended closer to an answer than this may be of another life of the index. */
const SURELY_MS = 700;

/** An answer to be compared with the ranking at its revision. */
export interface Pending {
  readonly shows: Shows;
  /** Compared with at least one stretch of a feed, and equal to it. */
  isRight: boolean;
  /** The difference from the stretch that was surely of the same life of the index. */
  problem?: Problem;
}

/**
 * Rebuilds the ranking at each revision from the stretches of the feed, checks the feed itself on
 * the way, and compares each answer with the ranking at its revision.
 *
 * @param sinceOf from when on an answer must be up to date
 */
export function compareByRevision(
  board: Board,
  number: number,
  ledger: Ledger,
  windows: Windows,
  segments: readonly Segment[],
  pending: readonly Pending[],
  sinceOf: (shows: Shows) => number,
  report: Report,
): void {
  const sorted = pending
    .filter(({ shows }) => shows.revision > 0)
    .toSorted((a, b) => a.shows.revision - b.shows.revision);
  for (const segment of segments) {
    if (segment.board !== number || segment.base === undefined) continue;
    const ranking = new Ranking(board, number, ledger, segment.base);
    let next = firstAtLeast(sorted, segment.baseRevision);
    const compareAt = (revision: number, before: number | undefined) => {
      for (; next < sorted.length; next += 1) {
        const each = sorted[next] as Pending;
        if (each.shows.revision > revision) return;
        if (each.isRight || !isNear(each.shows, segment)) continue;
        compare(ranking, before, each, segment, windows, sinceOf(each.shows));
      }
    };
    // Between the base and the first change the ranking stays as it is.
    let index = segment.baseRevision - segment.from;
    compareAt(segment.baseRevision, undefined);
    for (; index < segment.players.length; index += 1) {
      const player = segment.players[index] as number;
      const before = ranking.rankOf(player);
      checkChange(segment, index, ranking, ledger, windows, number, report);
      ranking.set(player, segment.submissions[index] as number);
      const after = ranking.rankOf(player);
      if (after !== segment.ranks[index]) {
        reportChange(segment, index, report, `rank ${segment.ranks[index]}; it is ${after}`);
      }
      compareAt(segment.from + index + 1, before);
    }
  }
}

function firstAtLeast(sorted: readonly Pending[], revision: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as Pending).shows.revision < revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isNear({ begin, end }: Shows, segment: Segment): boolean {
  return end > segment.begin - NEARBY_MS && begin < segment.end + NEARBY_MS;
}

function reportChange(segment: Segment, index: number, report: Report, what: string): void {
  const at = segment.at[index] as number;
  const revision = segment.from + index + 1;
  const where = `${segment.watcher}, revision ${revision}, p${segment.players[index]}`;
  report('feed', at, segment.by[index] as number, `${where}: ${what}`);
}

/** A change against the entry and its place before it. */
function checkChange(
  segment: Segment,
  index: number,
  ranking: Ranking,
  ledger: Ledger,
  windows: Windows,
  number: number,
  report: Report,
): void {
  const wrong = (what: string) => reportChange(segment, index, report, what);
  const player = segment.players[index] as number;
  const submissions = segment.submissions[index] as number;
  const state = ledger.stateOf(number, player, submissions);
  const [score, subscore] = [segment.scores[index], segment.subscores[index]];
  if (state === undefined || state.score !== score || state.subscore !== subscore) {
    const was = state && `${state.score}/${state.subscore}`;
    wrong(`${score}/${subscore} with ${submissions} submissions; it was ${was}`);
    return;
  }
  const known = ranking.states[player] as number;
  if (submissions <= known) wrong(`state ${submissions} after state ${known}`);
  if (submissions > windows.sent(player, segment.at[index] as number)) {
    wrong(`state ${submissions}, which had not been sent`);
  }
  const rank = ranking.rankOf(player);
  if (segment.previousRanks[index] !== rank) {
    wrong(`previous rank ${segment.previousRanks[index]}; it was ${rank}`);
  }
  const before = ledger.stateOf(number, player, known)?.score ?? Number.NaN;
  if (!Object.is((segment.previousScores[index] as number) + 0, before + 0)) {
    wrong(`previous score ${segment.previousScores[index]}; it was ${before}`);
  }
}

function compare(
  ranking: Ranking,
  before: number | undefined,
  pending: Pending,
  segment: Segment,
  windows: Windows,
  since: number,
): void {
  const { shows } = pending;
  const problem =
    differenceFrom(ranking, before, shows) ?? stalenessOf(ranking, windows, shows, since);
  if (problem === undefined) {
    pending.isRight = true;
    return;
  }
  const isSure =
    segment.begin + SURELY_MS < shows.begin &&
    shows.end < segment.end - SURELY_MS &&
    (segment.by.length === 0 || segment.by.at(-1) === shows.server);
  if (isSure) {
    pending.problem ??= {
      kind: problem.kind,
      what: `${problem.what} (by the ${segment.watcher})`,
    };
  }
}

function differenceFrom(
  ranking: Ranking,
  before: number | undefined,
  { rows, missing, total, shape, previous }: Shows,
): Problem | undefined {
  if (total >= 0 && total !== ranking.total) {
    return { kind: 'revision', what: `${total} players in all; it had ${ranking.total}` };
  }
  for (let at = 0; at < rows.length; at += ROW) {
    const [rank, player, submissions] = [rows[at], rows[at + 1], rows[at + 2]] as [
      number,
      number,
      number,
    ];
    // A submission that is answered when a later one has overtaken it shows its own state, and
    // where the player stands.
    const state = ranking.states[player] as number;
    const isOwn = shape.kind === 'own' ? state >= submissions : state === submissions;
    if (ranking.at(rank) !== player || !isOwn) {
      const is = `state ${ranking.states[player]} at rank ${ranking.rankOf(player)}`;
      return {
        kind: 'revision',
        what: `p${player}, state ${submissions} at rank ${rank}; it had ${is}`,
      };
    }
  }
  const there = missing.find((player) => (ranking.states[player] ?? 0) > 0);
  if (there !== undefined) {
    return { kind: 'revision', what: `p${there} has no entry; it had one` };
  }
  // Only if this very submission made the revision is it known what was before it.
  if (previous !== undefined && before !== undefined) {
    const isOwn = ranking.states[previous.player] === previous.state;
    const rank = Math.max(previous.rank, 0);
    if (isOwn && rank !== before && isLastChange(ranking, previous.player, rows)) {
      return {
        kind: 'previous rank',
        what: `previous rank ${previous.rank}; it was ${before}`,
      };
    }
  }
  return undefined;
}

/** Whether the revision that is looked at was made by a change of this player. */
function isLastChange(ranking: Ranking, player: number, rows: Float64Array): boolean {
  return ranking.lastChanged === player && rows[1] === player;
}

/** Whether the ranking lacks what must be in every answer by then. */
function stalenessOf(
  ranking: Ranking,
  windows: Windows,
  shows: Shows,
  since: number,
): Problem | undefined {
  for (let player = 0; player < windows.players; player += 1) {
    const state = ranking.states[player] as number;
    const least = windows.due(player, since, shows.isFar);
    if (state < least) {
      return {
        kind: 'stale',
        what: `revision ${shows.revision} has p${player} in state ${state}; state ${least} was acknowledged before it was asked for`,
      };
    }
  }
  return undefined;
}
