import { BOARDS, type Board } from '../boards.ts';
import { SLACK_MS, WATCH_LAG_MS } from '../bounds.ts';
import { type History, ROW, type Segment, type Shown, type ViewHistory } from '../history.ts';
import type { Shows } from './answers.ts';
import type { Report } from './findings.ts';
import { type Ledger, standsHigher } from './ledger.ts';
import type { Timeline } from './timeline.ts';
import type { Windows } from './windows.ts';

const LAG_MS = WATCH_LAG_MS + SLACK_MS;

/** What a view showed, to be compared with the ranking at its revision. */
export function ofView(history: ViewHistory, shown: Shown): Shows {
  const { server, at, revision, total, rows } = shown;
  const { view, watcher } = history;
  const count = rows.length / ROW;
  return {
    what: watcher,
    server,
    begin: at,
    end: at,
    revision,
    total,
    rows,
    isFar: true,
    missing:
      'players' in view
        ? view.players.filter((player) => !has(shown, player))
        : 'around' in view && count === 0
          ? [view.around]
          : [],
    shape:
      'top' in view
        ? { kind: 'range', start: 1, count: view.top }
        : 'around' in view && count > 0
          ? { kind: 'around', player: view.around, count: view.count }
          : { kind: 'any' },
  };
}

function has({ rows }: Shown, player: number): boolean {
  for (let at = 0; at < rows.length; at += ROW) if (rows[at + 1] === player) return true;
  return false;
}

/** Views go forwards, and while nothing is wrong they are at most so much behind. */
export function checkViews(
  history: History,
  ledger: Ledger,
  windows: readonly Windows[],
  timeline: Timeline,
  end: number,
  report: Report,
): void {
  for (const view of history.views) {
    let last = 0;
    for (const shown of view.shown) {
      const { server, at, revision, until } = shown;
      if (revision !== 0) {
        if (revision < last && timeline.oldSince(server, at) === undefined) {
          const what = `${view.watcher}: revision ${revision} after ${last}`;
          report('revision backwards', at, server, what);
        }
        last = Math.max(last, revision);
      }
      const over = Math.min(until, end);
      if (over - at < LAG_MS || !timeline.isCalm(over - LAG_MS, over)) continue;
      const behind = whatIsBehind(view, shown, ledger, windows[view.board] as Windows, over);
      if (behind !== undefined) report('view behind', over, server, `${view.watcher}: ${behind}`);
    }
  }
}

/** What the view should have shown by then, given what was acknowledged LAG_MS before. */
function whatIsBehind(
  { view, board }: ViewHistory,
  shown: Shown,
  ledger: Ledger,
  windows: Windows,
  over: number,
): string | undefined {
  const { rows } = shown;
  const least = (player: number) => windows.due(player, over - LAG_MS, true);
  const says = (player: number, state: number) =>
    `p${player} is shown in state ${state} (revision ${shown.revision}) for ${Math.round(over - shown.at)} ms until ${LAG_MS} ms after state ${least(player)} was acknowledged`;
  for (let at = 0; at < rows.length; at += ROW) {
    const [player, state] = [rows[at + 1] as number, rows[at + 2] as number];
    if (state < least(player)) return says(player, state);
  }
  if ('players' in view) {
    const absent = view.players.find((player) => !has(shown, player) && least(player) > 0);
    return absent === undefined ? undefined : says(absent, 0);
  }
  if (!('top' in view)) return undefined;
  const last = rows.length - ROW;
  const lowest =
    last < 0
      ? undefined
      : ledger.stateOf(board, rows[last + 1] as number, rows[last + 2] as number);
  for (let player = 0; player < windows.players; player += 1) {
    if (least(player) === 0 || has(shown, player)) continue;
    if (rows.length / ROW < view.top || lowest === undefined) return says(player, 0);
    let isHigher = true;
    for (let state = least(player); state <= windows.sent(player, over); state += 1) {
      const own = ledger.stateOf(board, player, state);
      if (own && !standsHigher(BOARDS[board] as Board, own, lowest)) isHigher = false;
    }
    if (isHigher) return says(player, 0);
  }
  return undefined;
}

/** Feeds tell every ranked submission in time, and two feeds of one life of the index are equal. */
export function checkFeeds(
  history: History,
  timeline: Timeline,
  end: number,
  report: Report,
): void {
  checkFeedLag(history, timeline, end, report);
  BOARDS.forEach((_, board) => {
    const segments = history.segments.filter((segment) => segment.board === board);
    segments.forEach((a, index) => {
      for (const b of segments.slice(index + 1)) compareSegments(a, b, timeline, report);
    });
  });
}

function compareSegments(a: Segment, b: Segment, timeline: Timeline, report: Report): void {
  if (a.watcher === b.watcher) return;
  const from = Math.max(a.from, b.from);
  const to = Math.min(a.from + a.players.length, b.from + b.players.length);
  for (let revision = from + 1; revision <= to; revision += 1) {
    const [i, j] = [revision - a.from - 1, revision - b.from - 1];
    const isEqual =
      a.players[i] === b.players[j] &&
      a.submissions[i] === b.submissions[j] &&
      a.ranks[i] === b.ranks[j] &&
      a.previousRanks[i] === b.previousRanks[j];
    if (isEqual) continue;
    const at = Math.max(a.at[i] as number, b.at[j] as number);
    const servers = [a.by[i] as number, b.by[j] as number];
    // One of them may be left on an index that was given up: its history is not the others'.
    if (servers.some((server) => timeline.oldSince(server, at) !== undefined)) return;
    const tells = (segment: Segment, index: number) =>
      `the ${segment.watcher} has p${segment.players[index]} in state ${segment.submissions[index]} from rank ${segment.previousRanks[index]} to ${segment.ranks[index]} (told ${Math.round(at - (segment.at[index] as number))} ms before)`;
    const what = `revision ${revision}: ${tells(a, i)}, ${tells(b, j)}`;
    report('two histories', at, servers[0] as number, what);
    return;
  }
}

function checkFeedLag(history: History, timeline: Timeline, end: number, report: Report): void {
  const late = new Set<Segment>();
  for (const submission of history.submissions) {
    for (const answer of submission.answers) {
      const due = answer.end + LAG_MS;
      if (!answer.ranked || due > end || !timeline.isCalm(answer.begin, due)) continue;
      for (const segment of history.segments) {
        if (segment.board !== submission.board || late.has(segment)) continue;
        // It was open all the time, so it had to tell this revision.
        if (segment.begin > answer.begin || segment.end < due) continue;
        const index = answer.revision - segment.from - 1;
        if (index < 0) continue;
        const told = segment.at[index];
        if (told !== undefined && told <= due) continue;
        late.add(segment);
        const how = told === undefined ? 'never' : `${Math.round(told - answer.end)} ms later`;
        const what = `the ${segment.watcher} told revision ${answer.revision}, acknowledged to the writer of ${submission.id}, ${how}`;
        report('feed behind', due, segment.by.at(-1) ?? -1, what);
      }
    }
  }
}
