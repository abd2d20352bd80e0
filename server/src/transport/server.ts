import { createServer, isIP, type Server as NetServer, type Socket } from 'node:net';
import grpc from '@grpc/grpc-js';
import { CallerBudget } from '../domain/caller-budget.js';
import { LimitLog } from '../observability/limit-log.js';
import type { Logger } from '../observability/log.js';
import type { MethodStatsRegistry } from '../observability/method-stats.js';
import { METHOD_ROLES } from './authorization.js';
import type { CertificateFiles } from './certificate-files.js';
import { Connections, identityName } from './connections.js';
import { bindHandler } from './handler.js';
import type { Identity } from './identity.js';
import { injectorOf } from './internals/injector.js';
import type { Part } from './internals/parts.js';
import { workingParts } from './internals/self-check.js';
import { libraryHandler } from './library-service.js';
import { DEFAULT_LIMITS, type GrpcLimits } from './limits.js';
import { type ListenAddress, listenOnAll, resolveHost } from './listener.js';
import type { CallEnvironment, Method } from './method.js';
import { encodedResponses } from './service-definition.js';
import { createTlsServer } from './tls-server.js';

export interface GrpcServerOptions {
  readonly log: Logger;
  readonly stats: MethodStatsRegistry;
  readonly limits?: Partial<GrpcLimits>;
  /** What is done through private parts of Node and grpc-js. */
  readonly internals: readonly Part[];
}

/** The identity of everybody on a plaintext connection. */
const PLAINTEXT_IDENTITY: Identity = { role: 'admin', name: 'plaintext' };

/** Hands an accepted socket to grpc-js. */
type Accept = ReturnType<typeof injectorOf>;

/** A gRPC server whose handlers are made by the wrappers of this folder. */
export class GrpcServer {
  readonly connections: Connections;
  /** Bytes of answers and messages that were sent and not read. */
  readonly unsent: CallerBudget;
  /** Bytes of incomplete requests. */
  readonly received: CallerBudget;
  readonly #options: GrpcServerOptions;
  readonly #environment: CallEnvironment;
  readonly #server: grpc.Server;
  readonly #listening: NetServer[] = [];
  /** All accepted sockets, including those in a handshake. */
  readonly #sockets = new Set<Socket>();
  readonly #cleanups: (() => void)[] = [];
  readonly #services = new Set<string>();
  /** The paths of the methods that take a stream of requests. */
  readonly #requestStreams = new Set<string>();
  #accept: Promise<Accept> | undefined;
  #drained: Promise<void> | undefined;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.connections = new Connections(
      limits.maxConnections,
      limits.identityConnections,
      new LimitLog(options.log).note,
    );
    this.unsent = new CallerBudget('unsentBytes', limits.totalUnsentBytes, {
      connectionLimit: limits.connectionUnsentBytes,
    });
    this.received = new CallerBudget('receivedBytes', limits.totalReceivedBytes, {
      connectionLimit: limits.connectionReceivedBytes,
    });
    this.#environment = {
      connections: this.connections,
      unsent: this.unsent,
      log: options.log,
      limits,
      batchFrames: false,
      draining: false,
      drainListeners: new Set(),
    };
    this.#server = new grpc.Server({
      'grpc.enable_channelz': 0,
      'grpc.max_receive_message_length': limits.maxReceiveMessageBytes,
      'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
      'grpc.keepalive_time_ms': limits.keepaliveTimeMs,
      'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
      'grpc.max_connection_age_ms': limits.maxConnectionAgeMs,
      'grpc.max_connection_age_grace_ms': limits.maxConnectionAgeGraceMs,
    });
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
    this.#add(definition, implementation, bindHandler);
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
    this.#add(definition, implementation, libraryHandler);
  }

  /**
   * Adds a service exactly as grpc-js runs it: no roles, no counting, no error mapping, nobody refused
   * while draining. Only benchmarks use it, to compare the real methods with.
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
    toHandler: typeof libraryHandler,
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
        stats: this.#options.stats.of(path),
        encode: methodDefinition.responseSerialize,
        environment: this.#environment,
      };
      if (requestStream) this.#requestStreams.add(path);
      const handler = implementation[name] ?? implementation[originalName];
      if (handler === undefined) throw new Error(`no handler for ${path}`);
      this.#services.add(path.slice(1, path.lastIndexOf('/')));
      bound[name] = toHandler(handler, method);
    }
    this.#server.addService(encoded, bound);
  }

  /**
   * Calls `listener` when the server begins to shut down. Owners of long streams end them then
   * (`stream.end(shuttingDown({ resume_token }))`).
   */
  onDrain(listener: () => void): void {
    this.#environment.drainListeners.add(listener);
  }

  /**
   * Listens with mutual TLS, and uses new certificates as the files change. Returns the port.
   */
  async listen(address: ListenAddress, certificates: CertificateFiles): Promise<number> {
    const accept = await this.#injector();
    const { limits, log } = this.#environment;
    const { servers, port } = await listenOnAll(await resolveHost(address.host), address.port, () =>
      createTlsServer(certificates, limits, log, (socket, identity) => {
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
    certificates.watch();
    this.#cleanups.push(() => certificates.stop());
    return port;
  }

  /**
   * Listens without TLS, with everybody an admin. Only benchmarks use it, to measure what TLS costs.
   *
   * @throws Error if the address is not loopback
   */
  async listenPlaintext(address: ListenAddress): Promise<number> {
    const addresses = await resolveHost(address.host);
    if (!addresses.every(isLoopback)) {
      throw new Error(`plaintext is for loopback only, not for ${address.host}`);
    }
    const accept = await this.#injector();
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
   * Shuts down: takes no new connections, refuses new calls with SHUTTING_DOWN, tells the owners of
   * streams, waits for open calls, and after `timeoutMs` cuts off the rest. Resolves when no connection
   * is left. Calling it again returns the same promise.
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
      const connections = this.connections.count;
      this.#options.log.warn({ connections }, 'calls left after the grace time');
      // forceShutdown does not know the connections without channelz.
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

  /** The same for all addresses. */
  #injector(): Promise<Accept> {
    this.#accept ??= workingParts(this.#options.internals, this.#options.log).then((parts) => {
      this.#environment.batchFrames = parts.has('frame-batch');
      return injectorOf(this.#server, parts, {
        connections: this.connections,
        budget: this.received,
        maxMessageBytes: this.#environment.limits.maxReceiveMessageBytes,
        requestStreams: this.#requestStreams,
      });
    });
    return this.#accept;
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
