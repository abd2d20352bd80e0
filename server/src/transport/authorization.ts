import { RostrumError } from '../domain/errors.js';
import type { Connection } from './connections.js';
import { type Identity, type Role, roleAllows } from './identity.js';

/**
 * The lowest role that each method needs. A server with a method that is missing here does not start.
 * The comments of the RPCs in `proto/` say the same.
 */
export const METHOD_ROLES: Readonly<Record<string, Role>> = {
  '/rostrum.v1.AdminService/Ping': 'reader',
  '/rostrum.v1.AdminService/GetServerStats': 'admin',
  '/rostrum.v1.AdminService/VerifyLeaderboard': 'admin',
  '/rostrum.v1.AdminService/RebuildLeaderboard': 'admin',

  '/rostrum.v1.LeaderboardService/CreateLeaderboard': 'admin',
  '/rostrum.v1.LeaderboardService/GetLeaderboard': 'reader',
  '/rostrum.v1.LeaderboardService/ListLeaderboards': 'reader',
  '/rostrum.v1.LeaderboardService/UpdateLeaderboard': 'admin',
  '/rostrum.v1.LeaderboardService/DeleteLeaderboard': 'admin',

  '/rostrum.v1.ScoreService/SubmitScore': 'writer',
  '/rostrum.v1.ScoreService/BatchSubmitScores': 'writer',
  '/rostrum.v1.ScoreService/StreamScores': 'writer',

  '/rostrum.v1.StandingService/ListStandings': 'reader',
  '/rostrum.v1.StandingService/GetStanding': 'reader',
  '/rostrum.v1.StandingService/BatchGetStandings': 'reader',
  '/rostrum.v1.StandingService/ListStandingsAround': 'reader',

  '/rostrum.v1.WatchService/WatchStandings': 'reader',
  '/rostrum.v1.WatchService/WatchChanges': 'reader',

  '/grpc.health.v1.Health/Check': 'reader',
  '/grpc.health.v1.Health/List': 'reader',
  '/grpc.health.v1.Health/Watch': 'reader',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo': 'reader',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': 'reader',
};

/**
 * Lets a call in or refuses it. Limits of single identities to some leaderboards will join here.
 *
 * @param connection Undefined when the connection is already gone.
 * @throws IDENTITY_MISSING, ROLE_NOT_ALLOWED
 */
export function authorize(connection: Connection | undefined, required: Role): Identity {
  const identity = connection?.identity;
  if (identity === undefined) {
    throw new RostrumError(
      'IDENTITY_MISSING',
      'the client certificate carries no identity spiffe://rostrum/<role>/<name>',
    );
  }
  if (!roleAllows(identity.role, required)) {
    throw new RostrumError(
      'ROLE_NOT_ALLOWED',
      `role ${identity.role} may not call this; it needs role ${required}`,
      { metadata: { role: identity.role, required_role: required } },
    );
  }
  return identity;
}
