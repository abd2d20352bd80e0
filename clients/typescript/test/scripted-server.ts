import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { inject } from 'vitest';
import type { ErrorReason, StatusCode } from '../src/errors/rostrum-error.js';
import { BadRequest, ErrorInfo, RetryInfo } from '../src/gen/google/rpc/error_details.js';
import { Status } from '../src/gen/google/rpc/status.js';
import { type AdminServiceServer, AdminServiceService } from '../src/gen/rostrum/v1/admin.js';
import {
  type LeaderboardServiceServer,
  LeaderboardServiceService,
} from '../src/gen/rostrum/v1/leaderboard.js';
import { type ScoreServiceServer, ScoreServiceService } from '../src/gen/rostrum/v1/score.js';
import {
  type StandingServiceServer,
  StandingServiceService,
} from '../src/gen/rostrum/v1/standing.js';
import { type WatchServiceServer, WatchServiceService } from '../src/gen/rostrum/v1/watch.js';
import { type ClientOptions, RostrumClient } from '../src/index.js';
import {
  healthCheck,
  SERVING_STATUSES,
  type ServingStatus,
} from '../src/transport/health-check.js';

declare module 'vitest' {
  interface ProvidedContext {
    readonly certificatesDirectory: string;
  }
}

/** Some handlers of a service, without the index signature of grpc-js that would take anything. */
type Handlers<Service> = {
  readonly [Name in keyof Service as string extends Name ? never : Name]?: Service[Name];
};

/** The handlers that a test scripts; the rest answers UNIMPLEMENTED. */
export interface Script {
  readonly leaderboards?: Handlers<LeaderboardServiceServer>;
  readonly scores?: Handlers<ScoreServiceServer>;
  readonly standings?: Handlers<StandingServiceServer>;
  readonly watch?: Handlers<WatchServiceServer>;
  readonly admin?: Handlers<AdminServiceServer>;
  /** What the health check says, each time it is asked. Default: SERVING. */
  readonly health?: () => ServingStatus;
}

export interface ScriptedServerOptions {
  /** Whose certificate the server has. Default: that of the authority the clients trust. */
  readonly identity?: string;
  /** A certificate and key of its own instead. */
  readonly pair?: { readonly certificate: string; readonly key: string };
  /** Where it listens. Default: `localhost`. */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
}

/** A gRPC server over mutual TLS whose answers a test decides. */
export class ScriptedServer implements AsyncDisposable {
  readonly #options: ScriptedServerOptions;
  #script: Script;
  #server: Server;
  #port = 0;

  private constructor(script: Script, options: ScriptedServerOptions) {
    this.#script = script;
    this.#options = options;
    this.#port = options.port ?? 0;
    this.#server = new Server();
  }

  static async start(script: Script, options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
    const server = new ScriptedServer(script, options);
    await server.restart();
    return server;
  }

  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get #host(): string {
    return this.#options.host ?? 'localhost';
  }

  /** Breaks every connection, as a killed process does. */
  stop(): void {
    this.#server.forceShutdown();
  }

  /** Serves on the same port again, perhaps by another script. */
  async restart(script = this.#script): Promise<void> {
    this.#script = script;
    // Not without channelz: grpc-js 1.14 then forgets its connections in `forceShutdown`.
    this.#server = new Server();
    this.#addServices();
    const { identity = 'server', pair } = this.#options;
    const credentials = ServerCredentials.createSsl(
      certificate('ca.crt'),
      [
        {
          cert_chain: pair ? Buffer.from(pair.certificate) : certificate(`${identity}.crt`),
          private_key: pair ? Buffer.from(pair.key) : certificate(`${identity}.key`),
        },
      ],
      true,
    );
    this.#port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(this.address, credentials, (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }

  #addServices(): void {
    const { leaderboards, scores, standings, watch, admin, health } = this.#script;
    this.#add(LeaderboardServiceService, leaderboards);
    this.#add(ScoreServiceService, scores);
    this.#add(StandingServiceService, standings);
    this.#add(WatchServiceService, watch);
    this.#add(AdminServiceService, admin);
    this.#add(HEALTH_SERVICE, {
      check: (_call: unknown, reply: (error: null, status: ServingStatus) => void) =>
        reply(null, health?.() ?? 'SERVING'),
    });
  }

  #add(definition: ServiceDefinition, handlers: object = {}): void {
    this.#server.addService(definition, handlers as UntypedServiceImplementation);
  }
}

/** Options of a client of `server` with one of the identities of the test run. */
export function clientOptions(
  server: Pick<ClientOptions, 'address'>,
  identity = 'writer',
): ClientOptions {
  return {
    address: server.address,
    tls: {
      ca: certificate('ca.crt'),
      cert: certificate(`${identity}.crt`),
      key: certificate(`${identity}.key`),
    },
    retry: { initialBackoffMs: 10, maxBackoffMs: 100 },
  };
}

export function connectTo(
  server: Pick<ClientOptions, 'address'>,
  options: Partial<ClientOptions> = {},
): RostrumClient {
  return RostrumClient.connect({ ...clientOptions(server), ...options });
}

export function certificatePath(file: string): string {
  return join(inject('certificatesDirectory'), file);
}

/** A file of the test run's certificates, as text. */
export function certificateText(file: string): string {
  return certificate(file).toString();
}

function certificate(file: string): Buffer {
  return readFileSync(certificatePath(file));
}

interface ErrorParts {
  readonly metadata?: Record<string, string>;
  readonly fields?: { field: string; description: string }[];
  readonly retryAfterMs?: number;
}

/** The `google.rpc.Status` that the service makes for an error. */
export function statusOf(
  code: StatusCode,
  reason: ErrorReason | undefined,
  parts: ErrorParts = {},
): Status {
  const details = [];
  if (reason) {
    const info = { reason, domain: 'rostrum.v1', metadata: parts.metadata ?? {} };
    details.push(any('ErrorInfo', ErrorInfo.encode(info).finish()));
  }
  if (parts.fields) {
    const rest = { reason: '', localizedMessage: undefined };
    const fieldViolations = parts.fields.map((violation) => ({ ...violation, ...rest }));
    details.push(any('BadRequest', BadRequest.encode({ fieldViolations }).finish()));
  }
  if (parts.retryAfterMs !== undefined) {
    const seconds = Math.trunc(parts.retryAfterMs / 1_000);
    const nanos = (parts.retryAfterMs % 1_000) * 1e6;
    const retry = RetryInfo.encode({ retryDelay: { seconds, nanos } }).finish();
    details.push(any('RetryInfo', retry));
  }
  return { code: status[code], message: `scripted ${reason ?? code}`, details };
}

/** The error with which a handler makes grpc-js send that status. */
export function failureOf(...parts: Parameters<typeof statusOf>): ServiceError {
  const encoded = statusOf(...parts);
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode(encoded).finish()));
  const { code, message } = encoded;
  return Object.assign(new Error(message), { code, details: message, metadata });
}

function any(name: string, value: Uint8Array): Status['details'][number] {
  return { typeUrl: `type.googleapis.com/google.rpc.${name}`, value: Buffer.from(value) };
}

const HEALTH_SERVICE: ServiceDefinition = {
  check: {
    path: healthCheck.path,
    requestStream: false,
    responseStream: false,
    requestSerialize: healthCheck.requestSerialize,
    requestDeserialize: (bytes: Buffer) => ({ service: bytes.subarray(2).toString() }),
    responseSerialize: (value: ServingStatus) => Buffer.from([8, SERVING_STATUSES.indexOf(value)]),
    responseDeserialize: healthCheck.responseDeserialize,
  },
};
