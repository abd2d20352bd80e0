import { createServer, isIP, type Server as NetServer, type Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import grpc from '@grpc/grpc-js';
import { type Cap, DEFAULT_CAP } from '../domain/allotment.js';
import type { RostrumError } from '../domain/errors.js';
import type { Logger } from '../observability/log.js';
import type { MethodStatsRegistry } from '../observability/method-stats.js';
import { METHOD_ROLES } from './authorization.js';
import type { CertificateFiles } from './certificate-files.js';
import { Connections, identityName } from './connections.js';
import type { ErrorListener } from './errors.js';
import { bindHandler } from './handler.js';
import type { Identity } from './identity.js';
import { boundIncompleteRequests } from './incomplete-requests.js';
import { useKnownHeaders } from './known-headers.js';
import { libraryHandler } from './library-service.js';
import { type ListenAddress, listenOnAll, resolveHost } from './listener.js';
import { useLongDeadlines } from './long-deadlines.js';
import type { CallEnvironment, Method } from './method.js';
import { ReceivedBudget } from './received-budget.js';
import { encodedResponses } from './service-definition.js';
import { useStreamTables } from './stream-table.js';
import { createTlsServer, replaceCertificates } from './tls-server.js';
import { UnsentBudget } from './unsent-budget.js';

/** Limits of one server. Times are in milliseconds, sizes in bytes. */
export interface GrpcLimits {
  readonly maxReceiveMessageBytes: number;
  readonly maxConnections: number;
  /** Handshakes that may be under way; beyond it the oldest is broken off. */
  readonly maxHandshakes: number;
  /** Calls, watches included, that one connection may have open. */
  readonly maxConcurrentStreams: number;
  /** After this long without a sign of life a connection is pinged. */
  readonly keepaliveTimeMs: number;
  /** A ping that is not answered within this closes the connection. */
  readonly keepaliveTimeoutMs: number;
  /** Connections are asked to be made anew after this long, give or take a tenth. */
  readonly maxConnectionAgeMs: number;
  /** How long the calls of such a connection may go on. */
  readonly maxConnectionAgeGraceMs: number;
  /** How long a stream that was ended may take to hand over what is queued. */
  readonly streamEndGraceMs: number;
  /** How long a caller may take to read a unary answer of 16 KiB and more. */
  readonly answerGraceMs: number;
  /** Bytes of answers and messages that one connection may leave unread. */
  readonly connectionUnsentBytes: number;
  /** The same for all connections together. */
  readonly totalUnsentBytes: number;
  /** Bytes that one connection may have sent of requests that are not complete. */
  readonly connectionReceivedBytes: number;
  /** The same for all connections together. */
  readonly totalReceivedBytes: number;
  /** How many of all connections one identity may have open. */
  readonly identityConnections: Cap;
}

export const DEFAULT_LIMITS: GrpcLimits = {
  maxReceiveMessageBytes: 4 * 1024 * 1024,
  maxConnections: 20_000,
  maxHandshakes: 1_000,
  maxConcurrentStreams: 1_000,
  keepaliveTimeMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  maxConnectionAgeMs: 2 * 60 * 60 * 1000,
  maxConnectionAgeGraceMs: 30 * 60 * 1000,
  streamEndGraceMs: 5_000,
  answerGraceMs: 60_000,
  connectionUnsentBytes: 64 * 1024 * 1024,
  totalUnsentBytes: 256 * 1024 * 1024,
  connectionReceivedBytes: 64 * 1024 * 1024,
  totalReceivedBytes: 256 * 1024 * 1024,
  identityConnections: DEFAULT_CAP,
};

export interface GrpcServerOptions {
  readonly log: Logger;
  readonly stats: MethodStatsRegistry;
  readonly limits?: Partial<GrpcLimits>;
}

/** Who everybody is on a plaintext connection. */
const PLAINTEXT_IDENTITY: Identity = { role: 'admin', name: 'plaintext' };

/** A gRPC server whose handlers are made by the wrappers of this folder. */
export class GrpcServer {
  readonly connections: Connections;
  readonly unsent: UnsentBudget;
  readonly received: ReceivedBudget;
  readonly #log: Logger;
  readonly #stats: MethodStatsRegistry;
  readonly #limits: GrpcLimits;
  readonly #environment: CallEnvironment;
  readonly #server: grpc.Server;
  readonly #listening: NetServer[] = [];
  /** All accepted sockets, also those whose handshake is not over. */
  readonly #sockets = new Set<Socket>();
  readonly #cleanups: (() => void)[] = [];
  readonly #services = new Set<string>();
  /** The paths of the methods that take a stream of requests. */
  readonly #requestStreams = new Set<string>();
  #drained: Promise<void> | undefined;

  constructor(options: GrpcServerOptions) {
    this.#log = options.log;
    this.#stats = options.stats;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.connections = new Connections(
      this.#limits.maxConnections,
      this.#limits.identityConnections,
    );
    this.unsent = new UnsentBudget({
      connectionBytes: this.#limits.connectionUnsentBytes,
      totalBytes: this.#limits.totalUnsentBytes,
    });
    this.received = new ReceivedBudget({
      connectionBytes: this.#limits.connectionReceivedBytes,
      totalBytes: this.#limits.totalReceivedBytes,
    });
    this.#environment = {
      unsent: this.unsent,
      connections: this.connections,
      errors: errorListener(options.log),
      streamEndGraceMs: this.#limits.streamEndGraceMs,
      answerGraceMs: this.#limits.answerGraceMs,
      draining: false,
      drainListeners: new Set(),
    };
    this.#server = new grpc.Server({
      'grpc.enable_channelz': 0,
      'grpc.max_receive_message_length': this.#limits.maxReceiveMessageBytes,
      'grpc.max_concurrent_streams': this.#limits.maxConcurrentStreams,
      'grpc.keepalive_time_ms': this.#limits.keepaliveTimeMs,
      'grpc.keepalive_timeout_ms': this.#limits.keepaliveTimeoutMs,
      'grpc.max_connection_age_ms': this.#limits.maxConnectionAgeMs,
      'grpc.max_connection_age_grace_ms': this.#limits.maxConnectionAgeGraceMs,
    });
  }

  /** Whether the server is shutting down. */
  get draining(): boolean {
    return this.#environment.draining;
  }

  /** The full names of the services added so far, such as `rostrum.v1.ScoreService`. */
  get services(): ReadonlySet<string> {
    return this.#services;
  }

  /**
   * Adds a service whose handlers were made by `unary`, `serverStreaming` and `bidiStreaming`.
   *
   * @throws Error when a method has no handler, or no role in `METHOD_ROLES`.
   */
  addService(
    definition: grpc.ServiceDefinition,
    implementation: grpc.UntypedServiceImplementation,
  ): void {
    this.#add(definition, implementation, (handler, method) => bindHandler(handler, method));
  }

  /**
   * Adds a service whose handlers a library made, behind the same checks.
   *
   * @throws Error when a method has no handler, or no role in `METHOD_ROLES`.
   */
  addLibraryService(
    definition: grpc.ServiceDefinition,
    implementation: grpc.UntypedServiceImplementation,
  ): void {
    this.#add(definition, implementation, (handler, method) => {
      if (handler === undefined) throw new Error(`no handler for ${method.path}`);
      return libraryHandler(handler, method);
    });
  }

  /**
   * Adds a service exactly as grpc-js runs it: no roles, no counting, no error mapping, nobody
   * refused while draining. It is what benchmarks compare the real methods with, and for nothing
   * else.
   */
  addBareService(
    definition: grpc.ServiceDefinition,
    implementation: grpc.UntypedServiceImplementation,
  ): void {
    this.#server.addService(definition, implementation);
  }

  #add(
    definition: grpc.ServiceDefinition,
    implementation: grpc.UntypedServiceImplementation,
    toHandler: (
      handler: grpc.UntypedHandleCall | undefined,
      method: Method,
    ) => grpc.UntypedHandleCall,
  ): void {
    const encoded = encodedResponses(definition);
    const bound: grpc.UntypedServiceImplementation = {};
    for (const [name, methodDefinition] of Object.entries(encoded)) {
      const { path, originalName = name, requestStream, responseStream } = methodDefinition;
      const role = METHOD_ROLES[path];
      if (role === undefined) throw new Error(`${path} has no role in METHOD_ROLES`);
      const method: Method = {
        path,
        role,
        requestStream,
        responseStream,
        stats: this.#stats.of(path),
        encode: methodDefinition.responseSerialize,
        environment: this.#environment,
      };
      if (requestStream) this.#requestStreams.add(path);
      const handler = implementation[name] ?? implementation[originalName];
      this.#services.add(path.slice(1, path.lastIndexOf('/')));
      bound[name] = toHandler(handler, method);
    }
    this.#server.addService(encoded, bound);
  }

  /**
   * Calls `listener` when the server starts to shut down. Whoever owns long streams ends them then
   * (`stream.end(shuttingDown({ resume_token }))`). Returns the way to stop.
   */
  onDrain(listener: () => void): () => void {
    this.#environment.drainListeners.add(listener);
    return () => this.#environment.drainListeners.delete(listener);
  }

  /**
   * Listens with mutual TLS, and uses new certificates as the files change.
   *
   * @returns The port.
   */
  async listen(address: ListenAddress, certificates: CertificateFiles): Promise<number> {
    const accept = this.#injector();
    const { servers, port } = await listenOnAll(await resolveHost(address.host), address.port, () =>
      createTlsServer(certificates.current, this.#limits, this.#log, (socket, identity) => {
        if (this.connections.isFull) return 'too many connections';
        if (!this.connections.mayAdd(identity)) {
          const whose = identityName(identity) || 'those without an identity';
          return `${whose}: as many connections as one identity may have`;
        }
        this.connections.add(socket, identity);
        accept(socket);
        return undefined;
      }),
    );
    this.#track(servers);
    const stopListening = certificates.onChange((set) => {
      for (const server of servers) replaceCertificates(server as TlsServer, set);
    });
    certificates.watch();
    this.#cleanups.push(stopListening, () => certificates.stop());
    return port;
  }

  /**
   * Listens without TLS, everybody an admin: to measure what TLS costs, and for nothing else.
   *
   * @throws Error when the address is not loopback.
   */
  async listenPlaintext(address: ListenAddress): Promise<number> {
    const addresses = await resolveHost(address.host);
    if (!addresses.every(isLoopback)) {
      throw new Error(`plaintext is for loopback only, not for ${address.host}`);
    }
    const accept = this.#injector();
    const { servers, port } = await listenOnAll(addresses, address.port, () =>
      createServer({ noDelay: true }, (socket) => {
        socket.on('error', () => {});
        this.connections.add(socket, PLAINTEXT_IDENTITY);
        accept(socket);
      }),
    );
    this.#track(servers);
    return port;
  }

  /**
   * Shuts down: takes no new connections, refuses new calls as SHUTTING_DOWN, tells the owners of
   * streams, waits for the open calls, and cuts off those that are left after `timeoutMs`. Resolves
   * when no connection is left. Calling it again returns the same promise.
   */
  drain(timeoutMs: number): Promise<void> {
    this.#drained ??= this.#drain(timeoutMs);
    return this.#drained;
  }

  async #drain(timeoutMs: number): Promise<void> {
    this.#environment.draining = true;
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    const closed = this.#listening.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const listener of [...this.#environment.drainListeners]) listener();
    const timer = setTimeout(() => {
      this.#log.warn({ connections: this.connections.count }, 'calls left after the grace time');
      // Not left to forceShutdown: without channelz it does not know the connections.
      for (const socket of this.#sockets) socket.destroy();
    }, timeoutMs);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    await Promise.all([...closed, this.connections.whenNone()]);
    clearTimeout(timer);
    this.#server.forceShutdown();
  }

  #track(servers: readonly NetServer[]): void {
    this.#listening.push(...servers);
    for (const server of servers) {
      server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
      });
    }
  }

  /**
   * The way to hand accepted sockets to grpc-js. They come through the TLS already, so it is told
   * that they need no credentials; HTTP/2 reads the native TLS stream either way.
   */
  #injector(): (socket: Parameters<grpc.ConnectionInjector['injectConnection']>[0]) => void {
    const injector = this.#server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
    useStreamTables(this.#server);
    useLongDeadlines(this.#server);
    // Before the deadlines are looked at, and the incomplete requests before both.
    useKnownHeaders(this.#server);
    boundIncompleteRequests(
      this.#server,
      this.connections,
      this.received,
      this.#limits.maxReceiveMessageBytes,
      (path) => this.#requestStreams.has(path),
    );
    return (socket) => injector.injectConnection(socket);
  }
}

function errorListener(log: Logger): ErrorListener {
  return {
    fault(requestId: string, error: unknown, method: string): void {
      log.error({ requestId, method, err: error }, 'call failed');
    },
    cause(error: RostrumError, method: string): void {
      log.warn({ reason: error.reason, method, err: error.details.cause }, 'call refused');
    },
  };
}

function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
