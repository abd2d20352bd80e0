import type { CallOptions } from '../transport/call-options.js';
import type { Connection } from '../transport/connection.js';
import { healthCheck, type ServingStatus } from '../transport/health-check.js';
import { callUnary } from '../transport/unary.js';

/** Asks a server how it is, by `grpc.health.v1.Health`. */
export class HealthGroup {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Whether the server serves, or one of its services by full name such as
   * `rostrum.v1.ScoreService`.
   * @throws CONNECTION_FAILED, CERTIFICATE_REFUSED, IDENTITY_MISSING; NOT_FOUND for a service that
   * the server does not know
   */
  check(service = '', options?: CallOptions): Promise<ServingStatus> {
    return callUnary(this.#connection, healthCheck, service, 'freely', options);
  }
}
