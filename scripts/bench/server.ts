/**
 * The server under load: the real one, composed as in `main.ts`, with two things more: a bare echo
 * on the same gRPC server, and a plaintext listener beside that with mutual TLS.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { compose } from '../../server/dist/compose.js';
import { readConfig } from '../../server/dist/config.js';
import { createLog } from '../../server/dist/observability/log.js';
import { CertificateFiles } from '../../server/dist/transport/certificate-files.js';
import type { FromServer, ToServer } from './messages.ts';
import { ECHO_PATH } from './operations.ts';

const GRACE_MS = 5_000;

const identity = (bytes: Buffer): Buffer => bytes;
const ECHO: ServiceDefinition = {
  call: {
    path: ECHO_PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  },
};

const config = readConfig(process.env);
const log = createLog(config.logLevel);
const rostrum = compose(config, log);
const inspector = new Session();

process.on('message', (message: ToServer) => {
  obey(message).catch((error: Error) => tell({ kind: 'failed', message: error.message }));
});
process.on('disconnect', () => process.exit());
start().catch((error: Error) => tell({ kind: 'failed', message: error.message }));

function tell(message: FromServer): void {
  process.send?.(message);
}

async function start(): Promise<void> {
  const { server } = rostrum;
  server.addBareService(ECHO, {
    call: (call: { request: Buffer }, callback: (error: null, value: Buffer) => void) =>
      callback(null, call.request),
  });
  await rostrum.start(GRACE_MS);
  const address = { host: '127.0.0.1', port: 0 };
  const files = { ca: config.tlsCa, cert: config.tlsCert, key: config.tlsKey };
  const tls = await server.listen(address, await CertificateFiles.open(files, log));
  const plaintext = await server.listenPlaintext(address);
  rostrum.announce();
  tell({ kind: 'ready', ports: { tls, plaintext } });
}

async function obey(message: ToServer): Promise<void> {
  switch (message.kind) {
    case 'startProfile':
      inspector.connect();
      await inspector.post('Profiler.enable');
      await inspector.post('Profiler.setSamplingInterval', { interval: 500 });
      await inspector.post('Profiler.start');
      break;
    case 'stopProfile': {
      const { profile } = await inspector.post('Profiler.stop');
      writeFileSync(message.file, JSON.stringify(profile));
      inspector.disconnect();
      break;
    }
    case 'stop':
      await rostrum.stop(GRACE_MS);
  }
  tell({ kind: 'done' });
}
