import { keysOf, requireKnownKeys } from '../errors/require-known-keys.js';
import { requireType } from '../errors/require-type.js';
import type { CallOptions } from '../transport/call-options.js';
import type { Connection } from '../transport/connection.js';
import { healthCheck, type ServingStatus } from '../transport/health-check.js';
import { callUnary } from '../transport/unary.js';

/** What to ask for. */
export interface HealthRequest {
  /** The full name of a service, such as `rostrum.v1.ScoreService`. Default: the whole server. */
  readonly service?: string | undefined;
}

const HEALTH = keysOf<HealthRequest>({ service: true });

/** Asks a server how it is, by `grpc.health.v1.Health`. */
export class HealthGroup {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Whether the server serves, or one of its services.
   * @throws CONNECTION_FAILED, CERTIFICATE_REFUSED, IDENTITY_MISSING; NOT_FOUND for a service that
   * the server does not know
   */
  async check(request: HealthRequest = {}, options?: CallOptions): Promise<ServingStatus> {
    requireKnownKeys(HEALTH, request);
    const { service = '' } = request;
    requireType('string', service, 'service');
    return callUnary(this.#connection, healthCheck, { service }, 'freely', options);
  }
}
