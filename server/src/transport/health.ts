import { HealthImplementation } from 'grpc-health-check';
import type { GrpcServer } from './server.js';

/** `grpc.health.v1.Health`: says which services can be used. Needs a certificate, role reader. */
export class Health {
  readonly #implementation: HealthImplementation;
  readonly #services = new Map<string, boolean>();
  #draining = false;

  /**
   * @param services Full names such as `rostrum.v1.ScoreService`. They and the empty name, which
   * stands for the server as a whole, start as NOT_SERVING.
   */
  constructor(services: readonly string[]) {
    this.#implementation = new HealthImplementation();
    for (const service of ['', ...services]) this.set(service, false);
  }

  /** Adds the service to a server, which turns everything to NOT_SERVING when it shuts down. */
  addTo(server: GrpcServer): void {
    server.onDrain(() => {
      this.#draining = true;
      for (const service of this.#services.keys()) {
        this.#implementation.setStatus(service, 'NOT_SERVING');
      }
    });
    this.#implementation.addToServer({
      addService: (definition, handlers) =>
        server.addLibraryService(
          definition as Parameters<GrpcServer['addLibraryService']>[0],
          handlers as Parameters<GrpcServer['addLibraryService']>[1],
        ),
    });
  }

  /** Says whether a service can be used; the empty name is the server as a whole. */
  set(service: string, serving: boolean): void {
    if (this.#services.get(service) === serving) return;
    this.#services.set(service, serving);
    if (!this.#draining) {
      this.#implementation.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING');
    }
  }

  /** Says it of the server and all its services. */
  setAll(serving: boolean): void {
    for (const service of [...this.#services.keys()]) this.set(service, serving);
  }
}
