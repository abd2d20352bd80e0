import grpc from '@grpc/grpc-js';
import type { ScoreServiceServer, SubmitScoreResponse } from '../../../src/gen/rostrum/v1/score.js';
import { ScoreServiceService } from '../../../src/gen/rostrum/v1/score.js';
import type {
  ListStandingsResponse,
  StandingServiceServer,
} from '../../../src/gen/rostrum/v1/standing.js';
import { StandingServiceService } from '../../../src/gen/rostrum/v1/standing.js';
import type { TestIdentity } from '../test-certificates.ts';
import { clientCredentials } from '../transport-server.ts';

type AnyUnary = (
  request: unknown,
  callback: (error: grpc.ServiceError | null, answer: unknown) => void,
) => void;

/** Submits scores and lists standings, on a connection of its own. */
export class ScoreCaller implements Disposable {
  readonly #scores: grpc.Client;
  readonly #standings: grpc.Client;

  constructor(address: string, identity: TestIdentity = 'writer') {
    this.#scores = clientOf(ScoreServiceService, address, identity);
    this.#standings = clientOf(StandingServiceService, address, identity);
  }

  /** @throws grpc.ServiceError */
  async submit(
    leaderboardId: string,
    playerId: string,
    score: number,
  ): Promise<SubmitScoreResponse> {
    const submission = {
      leaderboardId,
      playerId,
      score,
      subscore: 0,
      submissionId: crypto.randomUUID(),
      clientTime: undefined,
      displayName: '',
      segments: {},
      metadata: undefined,
      newLeaderboard: undefined,
    };
    const name: keyof ScoreServiceServer = 'submitScore';
    return (await unary(this.#scores, name, { submission })) as SubmitScoreResponse;
  }

  /** The first standings. @throws grpc.ServiceError */
  async top(leaderboardId: string, pageSize: number): Promise<ListStandingsResponse> {
    const name: keyof StandingServiceServer = 'listStandings';
    return (await unary(this.#standings, name, {
      leaderboardId,
      seasonId: '',
      segment: undefined,
      pageSize,
      pageToken: '',
      startRank: 0,
    })) as ListStandingsResponse;
  }

  [Symbol.dispose](): void {
    this.#scores.close();
    this.#standings.close();
  }
}

function clientOf(
  definition: grpc.ServiceDefinition,
  address: string,
  identity: TestIdentity,
): grpc.Client {
  const Client = grpc.makeGenericClientConstructor(definition, 'Test');
  return new Client(address, clientCredentials(identity), {
    'grpc.use_local_subchannel_pool': 1,
    // Node refuses an IP address as the TLS server name that grpc-js would send.
    'grpc.ssl_target_name_override': 'localhost',
  });
}

function unary(client: grpc.Client, method: string | number, request: unknown): Promise<unknown> {
  const call = (client as unknown as Record<string | number, AnyUnary>)[method];
  return new Promise((resolve, reject) => {
    call?.call(client, request, (error, answer) => {
      if (error !== null) reject(error);
      else resolve(answer);
    });
  });
}
