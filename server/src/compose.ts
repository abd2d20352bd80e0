import { composeFeatures } from './compose/features.js';
import { composeIndex } from './compose/ranking-index.js';
import { composeStores } from './compose/stores.js';
import type { Config } from './config.js';
import type { Logger } from './observability/log.js';
import { MethodStatsRegistry } from './observability/method-stats.js';
import { addHealth } from './transport/health.js';
import { addReflection } from './transport/reflection.js';
import { GrpcServer } from './transport/server.js';
import { within } from './within.js';

/** A server with everything wired and nothing running yet. */
export interface Rostrum {
  readonly server: GrpcServer;
  /** Connects, and brings the index up to date; waits at most `patienceMs` for that. */
  start(patienceMs: number): Promise<void>;
  /** Reports all services as SERVING. Call it when the server listens. */
  announce(): void;
  /** Lets open calls finish for at most `graceMs`, then closes everything. */
  stop(graceMs: number): Promise<void>;
}

/** Constructs and wires all parts of a server process, with a file in compose/ for each subsystem. */
export function compose(config: Config, log: Logger): Rostrum {
  const stores = composeStores(config, log);
  const index = composeIndex(config, stores, log);
  const methods = new MethodStatsRegistry();
  const server = new GrpcServer({
    log,
    stats: methods,
    internals: config.internals,
    limits: {
      maxConnections: config.maxConnections,
      identityConnections: config.identityConnections,
      totalUnsentBytes: config.maxUnreadBytes,
      connectionUnsentBytes: config.maxConnectionUnreadBytes,
    },
  });
  const { purger } = composeFeatures(config, stores, index, { server, methods }, log);
  const announce = addHealth(server);
  addReflection(server);

  return {
    server,

    async start(patienceMs) {
      await stores.schema.start();
      stores.retention.start();
      index.gate.start();
      const opened = index.gate.whenOpen().then(() => true);
      if (!(await within(patienceMs, opened, false))) {
        log.warn(
          { state: index.gate.state, reason: stores.redis.trouble || undefined },
          'starting without the index; reads go to the store of record',
        );
      }
      index.sweeper.start(() => index.gate.isOpen);
      purger.start(() => index.gate.isOpen);
    },

    announce,

    async stop(graceMs) {
      await server.drain(graceMs);
      stores.schema.stop();
      await Promise.all([index.sweeper.stop(), purger.stop(), stores.retention.stop()]);
      await index.close();
      await stores.close();
    },
  };
}
