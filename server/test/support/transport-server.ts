import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import grpc from '@grpc/grpc-js';
import { AdminServiceService, type PingResponse } from '../../src/gen/rostrum/v1/admin.js';
import { createLog, type Logger, type LogLevel } from '../../src/observability/log.js';
import { MethodStatsRegistry } from '../../src/observability/method-stats.js';
import { CertificateFiles } from '../../src/transport/certificate-files.js';
import { ALL_PARTS, type Part } from '../../src/transport/internals/parts.js';
import type { GrpcLimits } from '../../src/transport/limits.js';
import { GrpcServer } from '../../src/transport/server.js';
import { serverStreaming } from '../../src/transport/server-streaming.js';
import { unary } from '../../src/transport/unary.js';
import { type TestIdentity, testCertificates } from './test-certificates.ts';

export interface RecordedLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A log that keeps its lines, and lets a test wait for one. */
export class RecordedLog {
  readonly lines: RecordedLine[] = [];
  readonly log: Logger;
  #waiting: { accept: (line: RecordedLine) => boolean; resolve: (line: RecordedLine) => void }[] =
    [];

  constructor(level: LogLevel = 'debug') {
    const destination = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#take(JSON.parse(chunk.toString()) as RecordedLine);
        done();
      },
    });
    this.log = createLog(level, destination);
  }

  /** Resolves with the first line, logged already or later, that the test accepts. */
  waitFor(accept: (line: RecordedLine) => boolean): Promise<RecordedLine> {
    const line = this.lines.find(accept);
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((resolve) => this.#waiting.push({ accept, resolve }));
  }

  #take(line: RecordedLine): void {
    this.lines.push(line);
    for (const waiting of this.#waiting) if (waiting.accept(line)) waiting.resolve(line);
    this.#waiting = this.#waiting.filter(({ accept }) => !accept(line));
  }
}

/** The handlers of AdminService that tests start from. */
export function adminHandlers(): grpc.UntypedServiceImplementation {
  const idle = Object.entries(AdminServiceService).map(([name, { responseStream }]) => [
    name,
    responseStream ? serverStreaming(async () => {}) : unary(() => ({})),
  ]);
  return {
    ...Object.fromEntries(idle),
    ping: unary<{ payload: string }, PingResponse>(({ payload }, { identity }) => ({
      payload,
      serverTime: undefined,
      version: 'test',
      role: identity.role,
      name: identity.name,
    })),
    getServerStats: unary(() => {
      throw new Error('secret of the driver');
    }),
  };
}

export interface TransportServerOptions {
  /** Handlers of AdminService to use instead of those of `adminHandlers`. */
  readonly handlers?: grpc.UntypedServiceImplementation;
  readonly limits?: Partial<GrpcLimits>;
  readonly internals?: readonly Part[];
  readonly host?: string;
  readonly certificates?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Called before listening, to add services. */
  readonly prepare?: (server: GrpcServer) => void;
}

/** A transport server with AdminService on an ephemeral port, over TLS. */
export class TransportServer implements AsyncDisposable {
  readonly stats = new MethodStatsRegistry();
  readonly recorded = new RecordedLog();
  readonly server: GrpcServer;
  readonly #clients: grpc.Client[] = [];
  certificates!: CertificateFiles;
  port = 0;

  private constructor(options: TransportServerOptions) {
    const { limits = {}, internals = ALL_PARTS } = options;
    const { log } = this.recorded;
    this.server = new GrpcServer({ log, stats: this.stats, limits, internals });
  }

  static async start(options: TransportServerOptions = {}): Promise<TransportServer> {
    const started = new TransportServer(options);
    const paths = options.certificates ?? testCertificates('server');
    started.certificates = await CertificateFiles.open(paths, started.recorded.log);
    started.server.addService(AdminServiceService, { ...adminHandlers(), ...options.handlers });
    options.prepare?.(started.server);
    const host = options.host ?? '127.0.0.1';
    started.port = await started.server.listen({ host, port: 0 }, started.certificates);
    return started;
  }

  /** A client of AdminService with its own connection; closed with the server. */
  client(identity: TestIdentity | 'none', options: grpc.ClientOptions = {}): AdminClient {
    return this.clientOf(AdminServiceService, identity, options) as unknown as AdminClient;
  }

  clientOf(
    definition: grpc.ServiceDefinition,
    identity: TestIdentity | 'none',
    options: grpc.ClientOptions = {},
  ): grpc.Client {
    const Client = grpc.makeGenericClientConstructor(definition, 'Test');
    const client = new Client(`localhost:${this.port}`, clientCredentials(identity), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    this.certificates.stop();
    await this.server.drain(200);
  }
}

export interface AdminClient extends grpc.Client {
  ping(
    request: { payload: string },
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    callback: grpc.requestCallback<PingResponse>,
  ): grpc.ClientUnaryCall;
  getServerStats(request: object, callback: grpc.requestCallback<unknown>): grpc.ClientUnaryCall;
  verifyLeaderboard(request: object): grpc.ClientReadableStream<{ checked: bigint }>;
  rebuildLeaderboard(request: object): grpc.ClientReadableStream<{ built: bigint }>;
}

export function clientCredentials(identity: TestIdentity | 'none'): grpc.ChannelCredentials {
  if (identity === 'none') {
    return grpc.credentials.createSsl(readFileSync(testCertificates('server').ca));
  }
  const { ca, cert, key } = testCertificates(identity);
  return grpc.credentials.createSsl(readFileSync(ca), readFileSync(key), readFileSync(cert));
}

/** Pings; resolves with the answer and rejects with the `ServiceError`. */
export function ping(
  client: AdminClient,
  payload = 'hello',
  options: grpc.CallOptions = {},
  metadata = new grpc.Metadata(),
): Promise<PingResponse> {
  return new Promise((resolve, reject) => {
    client.ping({ payload }, metadata, options, (error, answer) => {
      if (error !== null) reject(error);
      else resolve(answer as PingResponse);
    });
  });
}
