import grpc from '@grpc/grpc-js';
import {
  type WatchChangesRequest,
  type WatchChangesResponse,
  WatchServiceService,
  type WatchStandingsRequest,
  type WatchStandingsResponse,
} from '../../../src/gen/rostrum/v1/watch.js';
import type { TestIdentity } from '../test-certificates.ts';
import { clientCredentials } from '../transport-server.ts';

export interface WatchClient extends grpc.Client {
  watchStandings(request: WatchStandingsRequest): grpc.ClientReadableStream<WatchStandingsResponse>;
  watchChanges(request: WatchChangesRequest): grpc.ClientReadableStream<WatchChangesResponse>;
}

/** A client of WatchService with its own connection; close it. */
export function watchClient(address: string, identity: TestIdentity = 'reader'): WatchClient {
  const Client = grpc.makeGenericClientConstructor(WatchServiceService, 'Watch');
  return new Client(address, clientCredentials(identity), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    // Node refuses an IP address as the TLS server name that grpc-js would send.
    'grpc.ssl_target_name_override': 'localhost',
  }) as unknown as WatchClient;
}

export function standingsRequest(
  leaderboardId: string,
  rest: Partial<WatchStandingsRequest> = {},
): WatchStandingsRequest {
  return {
    leaderboardId,
    seasonId: '',
    segment: undefined,
    view: undefined,
    minInterval: undefined,
    resumeToken: '',
    ...rest,
  };
}

export function changesRequest(
  leaderboardId: string,
  rest: Partial<WatchChangesRequest> = {},
): WatchChangesRequest {
  return {
    leaderboardId,
    seasonId: '',
    segment: undefined,
    resumeToken: '',
    playerIds: [],
    ...rest,
  };
}

/** A watch that keeps what arrives and lets a test wait for it. */
export class WatchCall<Message> {
  readonly messages: Message[] = [];
  readonly call: grpc.ClientReadableStream<Message>;
  error: grpc.ServiceError | undefined;
  readonly ended: Promise<grpc.ServiceError | undefined>;
  #waiting: (() => void)[] = [];

  constructor(call: grpc.ClientReadableStream<Message>) {
    this.call = call;
    const wake = () => {
      for (const resolve of this.#waiting.splice(0)) resolve();
    };
    call.on('data', (message: Message) => {
      this.messages.push(message);
      wake();
    });
    this.ended = new Promise((resolve) => {
      call.on('error', (error: grpc.ServiceError) => {
        this.error = error;
        resolve(error);
        wake();
      });
      call.on('end', () => {
        // The status, when it is an error, comes right after the end.
        setImmediate(() => {
          resolve(this.error);
          wake();
        });
      });
    });
  }

  /** Resolves when the condition holds, checked at each message. @throws when the watch ends first */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.error !== undefined) throw this.error;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The first message, or the n-th. */
  async message(n = 1): Promise<Message> {
    await this.until(() => this.messages.length >= n);
    return this.messages[n - 1] as Message;
  }
}
