import { BOARDS } from '../boards.ts';
import { RANKED_FALSE_MS, READ_MS, SLACK_MS, UNRANKED_SHARE } from '../bounds.ts';
import type { History, Submission } from '../history.ts';
import { isPassing } from '../load/callers.ts';
import type { Inflicted } from '../schedule/inflict.ts';
import type { Stall } from '../stall-meter.ts';
import { allShown, type Shows } from './answers.ts';
import { compareByRevision, type Pending } from './check-revisions.ts';
import { checkFeeds, checkViews, ofView } from './check-watches.ts';
import { judgeByWindows } from './check-windows.ts';
import type { Finding, Report } from './findings.ts';
import { Ledger, type Recorded, type Sql } from './ledger.ts';
import { Timeline } from './timeline.ts';
import { type Event, Windows } from './windows.ts';

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly ledger: Ledger;
  readonly timeline: Timeline;
  /** How many answers were compared, and how many of those with the ranking at their revision. */
  readonly judged: number;
  readonly byRevision: number;
}

/**
 * Decides from the history, the log of submissions and what was inflicted whether everything that
 * was promised was kept.
 *
 * @param end when the load ended; what is judged by the calm around it ends there
 */
export async function judge(
  sql: Sql,
  history: History,
  inflicted: readonly Inflicted[],
  stalls: readonly Stall[],
  end: number,
): Promise<Verdict> {
  const findings: Finding[] = [];
  const report: Report = (kind, at, server, what) => findings.push({ kind, at, server, what });
  for (const { at, server, what } of history.violations) report('stream', at, server, what);
  const ledger = await Ledger.read(sql, history, report);
  const timeline = new Timeline(inflicted, stalls, end);
  checkAnswersToSubmissions(history, ledger, report);
  checkRanked(history, timeline, end, report);
  checkFailures(history, timeline, end, report);
  checkReaders(history, timeline, report);

  let judged = 0;
  let byRevision = 0;
  const windows = BOARDS.map((_, board) => windowsOf(history, ledger, timeline, board));
  BOARDS.forEach((board, number) => {
    const own = windows[number] as Windows;
    const since = (shows: Shows) =>
      Math.min(shows.begin, timeline.oldSince(shows.server, shows.begin) ?? shows.begin);
    const answers = allShown(history, ledger, timeline, number);
    const pending: Pending[] = answers.map((shows) => ({ shows, isRight: false }));
    compareByRevision(board, number, ledger, own, history.segments, pending, since, report);
    for (const { shows, isRight, problem } of pending) {
      judged += 1;
      if (isRight) byRevision += 1;
      const found = isRight
        ? undefined
        : (judgeByWindows(board, number, ledger, own, shows, since(shows)) ?? problem);
      if (found !== undefined) {
        report(found.kind, shows.begin, shows.server, explained(shows, found.what));
      }
    }
    // A view may be behind, which is looked at below, but never wrong.
    const shown: Pending[] = history.views
      .filter((view) => view.board === number)
      .flatMap((view) => view.shown.map((each) => ofView(view, each)))
      .map((shows) => ({ shows, isRight: false }));
    compareByRevision(
      board,
      number,
      ledger,
      own,
      history.segments,
      shown,
      () => 0,
      () => {},
    );
    for (const { shows, isRight, problem } of shown) {
      judged += 1;
      if (isRight) byRevision += 1;
      const found = isRight
        ? undefined
        : (judgeByWindows(board, number, ledger, own, { ...shows, total: -1 }, 0) ?? problem);
      if (found !== undefined) {
        report(`view: ${found.kind}`, shows.begin, shows.server, explained(shows, found.what));
      }
    }
  });
  checkViews(history, ledger, windows, timeline, end, report);
  checkFeeds(history, timeline, end, report);
  return {
    findings: findings.toSorted((a, b) => a.at - b.at),
    ledger,
    timeline,
    judged,
    byRevision,
  };
}

function explained({ what, revision, begin, end }: Shows, problem: string): string {
  const from = revision > 0 ? `revision ${revision}` : 'without a revision';
  return `${what}, ${from}, after ${(end - begin).toFixed(0)} ms: ${problem}`;
}

function windowsOf(history: History, ledger: Ledger, timeline: Timeline, board: number): Windows {
  const acknowledged: Event[] = [];
  const due: Event[] = [];
  const dueFar: Event[] = [];
  const sent: Event[] = [];
  for (const submission of history.submissions) {
    if (submission.board !== board) continue;
    const recorded = ledger.find(submission);
    if (recorded === undefined) continue;
    const { player, begin, answers } = submission;
    const { isAccepted } = recorded;
    if (isAccepted) sent.push({ player, time: begin, state: recorded.state });
    for (const { end, ranked, submissions } of answers) {
      // A stale one says only that the state before it holds, which it shows: one that it did not see
      // yet may have a lower version all the same.
      const state = isAccepted ? recorded.state : Math.min(recorded.state, submissions);
      if (state === 0) continue;
      acknowledged.push({ player, time: end, state });
      const boundMs = ranked ? 0 : RANKED_FALSE_MS + SLACK_MS;
      due.push({ player, time: timeline.dueNear(end, boundMs), state });
      dueFar.push({ player, time: ranked ? end : timeline.dueFar(end, boundMs), state });
    }
  }
  return new Windows(BOARDS[board]?.players ?? 0, acknowledged, due, dueFar, sent);
}

/** Outcomes and scores: what is answered is what was recorded, however often it is asked. */
function checkAnswersToSubmissions(history: History, ledger: Ledger, report: Report): void {
  for (const submission of history.submissions) {
    const recorded = ledger.find(submission);
    const where = `${submission.id} of p${submission.player} of ${BOARDS[submission.board]?.id}`;
    if (submission.refused !== undefined) {
      report('refused', submission.begin, -1, `${where}: ${submission.refused}`);
    }
    if (recorded === undefined) continue;
    submission.answers.forEach((answer, index) => {
      const wrong = (kind: string, what: string) =>
        report(kind, answer.begin, answer.server, `${where}, answer ${index + 1}: ${what}`);
      if (answer.outcome !== recorded.outcome) {
        wrong('outcome', `${answer.outcome}; ${recorded.outcome} is recorded`);
      }
      if (index > 0 && !answer.replayed)
        wrong('outcome', 'answered before, and not as a repetition');
      if (!Object.is(answer.previousScore + 0, recorded.previousScore + 0)) {
        if (recorded.outcome !== 'STALE') {
          wrong('previous score', `${answer.previousScore}; it was ${recorded.previousScore}`);
        }
      }
      if (answer.ranked !== answer.rank > 0 || answer.ranked !== answer.revision > 0) {
        wrong(
          'ranked',
          `ranked ${answer.ranked}, rank ${answer.rank}, revision ${answer.revision}`,
        );
      }
      checkStanding(submission, recorded, answer.replayed, index, ledger, wrong);
    });
    const { conflict } = submission;
    if (conflict !== undefined && conflict.outcome !== 'DUPLICATE') {
      const what = `${where}: another score under its id was answered ${conflict.outcome}`;
      report('outcome', conflict.begin, conflict.server, what);
    }
  }
}

/** That a rank is not known is an answer for when something is wrong, and for a few at other times. */
function checkRanked(history: History, timeline: Timeline, end: number, report: Report): void {
  const calm = history.submissions
    .flatMap(({ answers }) => answers)
    .filter((answer) => timeline.isCalm(answer.begin, answer.end));
  const unranked = calm.filter(({ ranked }) => !ranked).length;
  if (calm.length < 200 || unranked <= calm.length * UNRANKED_SHARE) return;
  const what = `${unranked} of ${calm.length} submissions were acknowledged without a rank while nothing was wrong`;
  report('unranked', end, -1, what);
}

function checkStanding(
  submission: Submission,
  recorded: Recorded,
  replayed: boolean,
  index: number,
  ledger: Ledger,
  wrong: (kind: string, what: string) => void,
): void {
  const answer = submission.answers[index] as Submission['answers'][number];
  const { submissions, score, subscore } = answer;
  const state = ledger.stateOf(submission.board, submission.player, submissions);
  if (state?.score !== score || state.subscore !== subscore) {
    const was = state && `${state.score}/${state.subscore}`;
    wrong('standing', `${score}/${subscore} with ${submissions} submissions; it was ${was}`);
  } else if (recorded.isAccepted && !replayed && submissions !== recorded.state) {
    wrong('standing', `it shows state ${submissions}; the submission made state ${recorded.state}`);
  } else if (replayed && submissions < recorded.state) {
    wrong('standing', `the repetition shows state ${submissions}, before ${recorded.state}`);
  }
}

/** Calls fail only as it is documented, and only while something is wrong that excuses it. */
function checkFailures(history: History, timeline: Timeline, end: number, report: Report): void {
  for (const { what, server, begin, end: failed, code, message } of history.failures) {
    const text = `${what} failed after ${(failed - begin).toFixed(0)} ms: ${code}: ${message}`;
    // Watches end with their server, and are judged by what they show.
    if (what.startsWith('watch')) {
      if (failed < end && timeline.isCalm(failed - 1, failed)) {
        report('failed in calm', begin, server, text);
      }
      continue;
    }
    if (!isPassing(code)) report('error', begin, server, text);
    const isRead = ['get', 'list', 'around', 'batchGet'].includes(what);
    const duties = timeline.dutiesOf(server, begin, failed);
    if (isRead && duties.store && code === 'RESOURCE_EXHAUSTED') continue;
    if (failed < end && (isRead ? duties.reads : duties.writes)) {
      report('not served', begin, server, text);
    }
  }
  for (const { kind, server, begin, end: answered, revision } of history.reads) {
    const duties = timeline.dutiesOf(server, begin, answered);
    if (revision <= 0 || !duties.reads || duties.store || answered - begin < READ_MS) continue;
    report(
      'slow',
      begin,
      server,
      `${kind} from the index took ${(answered - begin).toFixed(0)} ms`,
    );
  }
}

/** Revisions never go backwards for one reader, whichever server it asks. */
function checkReaders(history: History, timeline: Timeline, report: Report): void {
  const last = new Map<string, { revision: number; server: number }>();
  for (const { reader, board, server, begin, revision, kind } of history.reads) {
    if (revision <= 0) continue;
    const key = `${reader} ${board}`;
    const before = last.get(key);
    if (timeline.oldSince(server, begin) !== undefined) continue;
    if (before !== undefined && revision < before.revision) {
      const what = `reader ${reader}, ${kind} of ${BOARDS[board]?.id}: revision ${revision} after ${before.revision} from server ${before.server}`;
      report('revision backwards', begin, server, what);
    }
    last.set(key, { revision, server });
  }
}
