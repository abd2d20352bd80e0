import { HealthImplementation, type ServingStatus } from 'grpc-health-check';
import type { GrpcServer } from './server.js';

/**
 * Adds `grpc.health.v1.Health`, which tells of the services that the server has so far and, under the
 * empty name, of the server as a whole. All are NOT_SERVING at first, and again when it shuts down.
 *
 * @returns what turns them to SERVING
 */
export function addHealth(server: GrpcServer): () => void {
  const health = new HealthImplementation();
  const names = ['', ...server.services];
  const setAll = (status: ServingStatus) => {
    for (const name of names) health.setStatus(name, status);
  };
  setAll('NOT_SERVING');
  let isDraining = false;
  server.onDrain(() => {
    isDraining = true;
    setAll('NOT_SERVING');
  });
  health.addToServer({
    addService: (definition, handlers) =>
      server.addLibraryService(
        definition as Parameters<GrpcServer['addLibraryService']>[0],
        handlers as Parameters<GrpcServer['addLibraryService']>[1],
      ),
  });
  return () => {
    if (!isDraining) setAll('SERVING');
  };
}
