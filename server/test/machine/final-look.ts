import { setTimeout as delay } from 'node:timers/promises';
import type { VerifyLeaderboardResponse } from '../../../clients/typescript/dist/gen/rostrum/v1/admin.js';
import { VerifyLeaderboardRequest } from '../../../clients/typescript/dist/gen/rostrum/v1/admin.js';
import { BOARDS, type Board } from './boards.ts';
import { CONVERGED_MS, SLACK_MS } from './bounds.ts';
import type { Report } from './check/findings.ts';
import type { Ledger } from './check/ledger.ts';
import { Ranking } from './check/ranking.ts';
import { ROW, type Rows } from './history.ts';
import type { Caller } from './load/callers.ts';
import type { Load } from './load/load.ts';
import { listAll } from './load/readers.ts';

const RETRY_MS = 200;

/**
 * Nobody submits any more: within the bound every server lists what the log adds up to, from the
 * index; `VerifyLeaderboard` finds no difference; and feeds and views have got there too.
 */
export async function lookLast(load: Load, ledger: Ledger, report: Report): Promise<void> {
  const giveUpAt = performance.now() + CONVERGED_MS + SLACK_MS;
  /** Tries until nothing is wrong; reports what is wrong in the end. */
  const settle = async (kind: string, server: number, look: () => Promise<string | undefined>) => {
    for (;;) {
      const wrong = await look();
      if (wrong === undefined) return;
      if (performance.now() > giveUpAt) {
        report(kind, performance.now(), server, `${CONVERGED_MS / 1000} s after the end: ${wrong}`);
        return;
      }
      await delay(RETRY_MS);
    }
  };
  const rankings = BOARDS.map(
    (board, number) => new Ranking(board, number, ledger, ledger.last(number)),
  );
  await Promise.all(
    load.admins.callers.flatMap((caller) =>
      BOARDS.map(async (board, number) => {
        const ranking = rankings[number] as Ranking;
        await settle('final standings', caller.server, () => lookAt(caller, number, ranking));
        await settle('verify', caller.server, () => verify(caller, board));
      }),
    ),
  );
  const [first] = load.admins.callers;
  const revisions = await Promise.all(
    BOARDS.map(async (_, number) => {
      const result = await listAll(first as Caller, number);
      return 'ok' in result ? result.ok.revision : 0;
    }),
  );
  await Promise.all([
    ...load.feeds.map((feed) =>
      settle('final feed', -1, async () => {
        const revision = revisions[feed.board] as number;
        return feed.revision === revision
          ? undefined
          : `the ${feed.name} is at revision ${feed.revision}; the board is at ${revision}`;
      }),
    ),
    ...load.views.map((view) =>
      settle('final view', -1, async () => {
        const { board, current } = view;
        if (current === undefined) return `the ${view.name} is closed`;
        return differenceOf(current.rows, rankings[board] as Ranking, view.name);
      }),
    ),
  ]);
}

async function lookAt(
  caller: Caller,
  board: number,
  ranking: Ranking,
): Promise<string | undefined> {
  const name = BOARDS[board]?.id;
  const result = await listAll(caller, board);
  if ('error' in result) return `list of ${name}: ${result.error.message}`;
  const { revision, rows, total } = result.ok;
  if (revision === 0) return `list of ${name} comes from the store of record still`;
  if (total !== ranking.total)
    return `list of ${name}: ${total} players; there are ${ranking.total}`;
  return differenceOf(rows, ranking, `list of ${name}`);
}

function differenceOf(rows: Rows, ranking: Ranking, name: string): string | undefined {
  for (let at = 0; at < rows.length; at += ROW) {
    const [rank, player, state] = [rows[at], rows[at + 1], rows[at + 2]] as [
      number,
      number,
      number,
    ];
    if (ranking.at(rank) === player && ranking.states[player] === state) continue;
    const expected = ranking.at(rank) as number;
    return `${name}: p${player} in state ${state} at rank ${rank}; by the log it is p${expected} in state ${ranking.states[expected]}, and p${player} is in state ${ranking.states[player]}`;
  }
  return undefined;
}

function verify({ admin }: Caller, { id }: Board): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = VerifyLeaderboardRequest.fromPartial({ leaderboardId: id });
    const stream = admin.verifyLeaderboard(request, { deadline: Date.now() + 15_000 });
    const found: string[] = [];
    let isDone = false;
    stream.on('data', (message: VerifyLeaderboardResponse) => {
      for (const { playerId, explanation } of message.differences) {
        found.push(`${playerId}: ${explanation}`);
      }
      isDone ||= message.done;
    });
    stream.on('error', (error) => resolve(`VerifyLeaderboard of ${id}: ${error.message}`));
    stream.on('end', () => {
      if (found.length > 0) {
        resolve(
          `VerifyLeaderboard of ${id}: ${found.length} differences: ${found.slice(0, 3).join('; ')}`,
        );
      } else resolve(isDone ? undefined : `VerifyLeaderboard of ${id} ended unfinished`);
    });
  });
}
