import grpc from '@grpc/grpc-js';
import {
  BatchSubmitScoresRequest,
  BatchSubmitScoresResponse,
  type ScoreSubmission,
  SubmitScoreRequest,
} from '../../src/gen/rostrum/v1/score.js';
import { type StatusDetails, statusDetails } from './status-details.ts';
import type { TestIdentity } from './test-certificates.ts';
import { clientCredentials } from './transport-server.ts';

/** How a call ended. */
export interface WireAnswer extends StatusDetails {
  readonly code: grpc.status;
  readonly message: string;
  readonly reason: string | undefined;
  /** The fields that were refused. */
  readonly fields: readonly string[];
  /** Empty for an error. */
  readonly bytes: Buffer;
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** Sends bytes as they are, without what a good client checks before. */
export class WireCaller implements Disposable {
  readonly #client: grpc.Client;

  constructor(address: string, identity: TestIdentity = 'writer') {
    this.#client = new grpc.Client(address, clientCredentials(identity), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.max_send_message_length': -1,
      // Node refuses an IP address as the TLS server name that grpc-js would send.
      'grpc.ssl_target_name_override': 'localhost',
    });
  }

  unary(
    path: string,
    message: Uint8Array,
    options: grpc.CallOptions = {},
    metadata = new grpc.Metadata(),
  ): Promise<WireAnswer> {
    return new Promise((resolve) => {
      const bytes = Buffer.from(message);
      const done = (error: grpc.ServiceError | null, answer?: Buffer) =>
        resolve(toAnswer(error, answer));
      this.#client.makeUnaryRequest(path, asIs, asIs, bytes, metadata, options, done);
    });
  }

  /** The error that ends a server stream, or the first message if one comes. */
  firstOf(path: string, message: Uint8Array): Promise<WireAnswer> {
    return new Promise((resolve) => {
      const call = this.#client.makeServerStreamRequest(path, asIs, asIs, Buffer.from(message));
      call.on('error', (error: grpc.ServiceError) => resolve(toAnswer(error, undefined)));
      call.once('data', (bytes: Buffer) => {
        resolve(toAnswer(null, bytes));
        call.cancel();
      });
    });
  }

  /** A server stream that stays open until it is cancelled, which is no error here. */
  stream(path: string, message: Buffer): grpc.ClientReadableStream<Buffer> {
    const call = this.#client.makeServerStreamRequest(path, asIs, asIs, message);
    return call.on('error', () => {}).resume();
  }

  bidi(path: string): grpc.ClientDuplexStream<Buffer, Buffer> {
    return this.#client.makeBidiStreamRequest(path, asIs, asIs);
  }

  submit(fields: Partial<ScoreSubmission>): Promise<WireAnswer> {
    const message = SubmitScoreRequest.encode({ submission: submission(fields) }).finish();
    return this.unary('/rostrum.v1.ScoreService/SubmitScore', message);
  }

  async batch(all: readonly Partial<ScoreSubmission>[]) {
    const message = BatchSubmitScoresRequest.encode({ submissions: all.map(submission) }).finish();
    const answer = await this.unary('/rostrum.v1.ScoreService/BatchSubmitScores', message);
    const items =
      answer.code === grpc.status.OK ? BatchSubmitScoresResponse.decode(answer.bytes).items : [];
    return { answer, items };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** A good submission with some fields replaced. */
export function submission(fields: Partial<ScoreSubmission>): ScoreSubmission {
  return {
    leaderboardId: 'board',
    playerId: 'player',
    score: 1,
    subscore: 0,
    submissionId: '',
    clientTime: undefined,
    displayName: '',
    segments: {},
    metadata: undefined,
    newLeaderboard: undefined,
    ...fields,
  };
}

function toAnswer(error: grpc.ServiceError | null, bytes: Buffer | undefined): WireAnswer {
  if (error === null) {
    const none = { infos: [], violations: [], retryAfterMs: undefined, reason: undefined };
    const code = grpc.status.OK;
    return { ...none, code, message: '', fields: [], bytes: bytes ?? Buffer.alloc(0) };
  }
  const details = statusDetails(error);
  return {
    ...details,
    code: error.code,
    message: error.details,
    reason: details.infos[0]?.reason,
    fields: details.violations.map(({ field }) => field),
    bytes: Buffer.alloc(0),
  };
}
