import cluster from 'node:cluster';
import { compose } from './compose.js';
import { type Config, ConfigError, readConfig, unknownSettings } from './config.js';
import { createLog, type Logger } from './observability/log.js';
import { asStoreError } from './stores/postgres/database.js';
import { migrate } from './stores/postgres/migrate.js';
import { CertificateFiles } from './transport/certificate-files.js';
import { runWorkers } from './workers.js';

/** How long the start waits for the index before it serves without it. */
const INDEX_PATIENCE_MS = 5000;
const EXIT_BAD_CONFIG = 2;

// Started without npm, nothing else says so before the first part fails.
if (typeof Map.prototype.getOrInsertComputed !== 'function') {
  console.error(
    `Rostrum's server needs Node 26 or later; this is ${process.version}. In the checkout, \`npx node\` is such a Node.`,
  );
  process.exit(EXIT_BAD_CONFIG);
}
const config = configOrExit();
const log = createLog(config.logLevel);
for (const name of unknownSettings(process.env)) {
  log.warn({ name }, 'this setting is not known; is it misspelt?');
}

// The workers that share an address are children of this process, which only looks after them.
if (cluster.isPrimary && config.workers > 1) {
  await prepareDatabase(config, log);
  process.exitCode = await runWorkers(config.workers, config.shutdownGraceMs, log);
} else {
  await serve(config, log);
}

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const unknown = unknownSettings(process.env).map(
      (name) => `${name} is not known; is it misspelt?`,
    );
    console.error([error.message, ...unknown].join('\n'));
    process.exit(EXIT_BAD_CONFIG);
  }
}

async function prepareDatabase({ databaseUrl }: Config, log: Logger): Promise<void> {
  try {
    const applied = await migrate(databaseUrl);
    if (applied.length > 0) log.info({ migrations: applied }, 'database migrated');
  } catch (error) {
    log.fatal({ err: asStoreError(error) }, 'the database cannot be prepared');
    process.exit(1);
  }
}

async function serve(config: Config, log: Logger): Promise<void> {
  if (cluster.isPrimary) await prepareDatabase(config, log);
  const rostrum = compose(config, log);
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'shutting down');
    try {
      await rostrum.stop(config.shutdownGraceMs);
      log.info({}, 'stopped');
      process.exit(0);
    } catch (error) {
      log.fatal({ err: error }, 'the shutdown failed');
      process.exit(1);
    }
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  const tls = { ca: config.tlsCa, cert: config.tlsCert, key: config.tlsKey };
  try {
    const certificates = await CertificateFiles.open(tls, log);
    await rostrum.start(INDEX_PATIENCE_MS);
    const port = await rostrum.server.listen(config.address, certificates);
    rostrum.announce();
    const { host } = config.address;
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    log.info({ address, worker: cluster.worker?.id }, 'listening');
  } catch (error) {
    log.fatal({ err: error }, 'the server cannot start');
    process.exit(1);
  }
}
