// npm run ghz -- submit|rank|top|around [--seconds N] [--concurrency N] [--rate N]: load on the
// development server with the pinned ghz, by reflection. For figures to compare, see npm run bench:
// ghz shares the machine with the server and waits for each answer before it sends again.
import { parseArgs } from 'node:util';
import { RostrumClient } from '@rostrum/client';
import { runInForeground } from '../foreground.ts';
import { type DevelopmentServer, findDevelopmentServer } from './development-server.ts';
import { buildGoTool } from './go-tool.ts';

const BOARD = 'ghz';
const PLAYERS = 10_000;
const BATCH = 1_000;

/** What each operation calls, with ghz's templates. */
const CALLS: Readonly<Record<string, { readonly method: string; readonly data: string }>> = {
  submit: {
    method: 'rostrum.v1.ScoreService/SubmitScore',
    data: `{"submission":{"leaderboard_id":"${BOARD}","player_id":"player-{{randomInt 0 ${PLAYERS}}}","score":"{{randomInt 0 1000000}}","submission_id":"{{newUUID}}"}}`,
  },
  rank: {
    method: 'rostrum.v1.StandingService/GetStanding',
    data: `{"leaderboard_id":"${BOARD}","player_id":"player-{{randomInt 0 ${PLAYERS}}}"}`,
  },
  top: {
    method: 'rostrum.v1.StandingService/ListStandings',
    data: `{"leaderboard_id":"${BOARD}","page_size":20}`,
  },
  around: {
    method: 'rostrum.v1.StandingService/ListStandingsAround',
    data: `{"leaderboard_id":"${BOARD}","player_id":"player-{{randomInt 0 ${PLAYERS}}}","count":20}`,
  },
};

const USAGE = `npm run ghz -- ${Object.keys(CALLS).join('|')} [options]
  --seconds N      how long (10)
  --concurrency N  callers, each waiting for its answer (64)
  --connections N  connections that they share (4)
  --rate N         calls a second at most (no limit)`;

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parse();
  const call = positionals.length === 1 ? CALLS[positionals[0] as string] : undefined;
  const numbers = Object.values(values).map(Number);
  if (call === undefined || numbers.some((number) => !(number >= 0))) throw new Error(USAGE);
  const program = buildGoTool('ghz');
  const server = await findDevelopmentServer('admin');
  await fillBoard(server);
  return await runInForeground(program, [
    ...['--cacert', server.ca, '--cert', server.cert, '--key', server.key],
    ...['--call', call.method, '--data', call.data],
    ...['--duration', `${values.seconds}s`, '--duration-stop', 'wait'],
    ...['--concurrency', values.concurrency, '--connections', values.connections],
    ...['--rps', values.rate],
    server.address,
  ]);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: 'string', default: '10' },
        concurrency: { type: 'string', default: '64' },
        connections: { type: 'string', default: '4' },
        rate: { type: 'string', default: '0' },
      },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`);
  }
}

/** Gives every player a score, so that all ranks can be read; the second time changes nothing. */
async function fillBoard(server: DevelopmentServer): Promise<void> {
  const { address, ca, cert, key } = server;
  const client = RostrumClient.connect({ address, tls: { ca, cert, key } });
  try {
    for (let from = 0; from < PLAYERS; from += BATCH) {
      await client.scores.batchSubmit(
        Array.from({ length: BATCH }, (_, index) => ({
          leaderboardId: BOARD,
          playerId: `player-${from + index}`,
          score: from + index,
          submissionId: `ghz-start-${from + index}`,
        })),
      );
    }
  } finally {
    await client.close();
  }
}
