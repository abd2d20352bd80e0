// npm run grpcurl -- [--as admin|writer|reader] <arguments of grpcurl without certificates and
// address>: calls the development server with the pinned grpcurl.
//
//   npm run grpcurl -- list
//   npm run grpcurl -- describe rostrum.v1.ScoreSubmission
//   npm run grpcurl -- -d '{"leaderboard_id":"demo"}' rostrum.v1.StandingService/ListStandings
import { runInForeground } from '../foreground.ts';
import { findDevelopmentServer, type IdentityName } from './development-server.ts';
import { buildGoTool } from './go-tool.ts';

const USAGE = `npm run grpcurl -- [--as admin|writer|reader] list | describe <symbol> | [-d <json>] <method>`;

try {
  const { identity, args } = takeIdentity(process.argv.slice(2));
  if (args.length === 0) throw new Error(USAGE);
  const program = buildGoTool('grpcurl');
  const { address, ca, cert, key } = await findDevelopmentServer(identity);
  const at = placeOfAddress(args);
  process.exitCode = await runInForeground(program, [
    ...['-cacert', ca, '-cert', cert, '-key', key],
    ...[...args.slice(0, at), address, ...args.slice(at)],
  ]);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function takeIdentity(args: readonly string[]): {
  identity: IdentityName;
  args: readonly string[];
} {
  if (args[0] !== '--as') return { identity: 'admin', args };
  const [, identity, ...rest] = args;
  if (identity !== 'admin' && identity !== 'writer' && identity !== 'reader') {
    throw new Error(USAGE);
  }
  return { identity, args: rest };
}

/** The address comes before `list`, `describe` or the method, which end the command. */
function placeOfAddress(args: readonly string[]): number {
  for (const at of [args.length - 1, args.length - 2]) {
    if (args[at] === 'list' || args[at] === 'describe') return at;
  }
  return args.length - 1;
}
