// node scripts/health-check.mjs: exit code 0 when the server on this machine says SERVING.
//
// The container's health check. Health needs a certificate like everything else: the reader's by
// default. Plain JavaScript on the server's own packages, because the image has nothing else.
//
//   HEALTH_CHECK_ADDRESS  where to ask (default localhost:50051)
//   HEALTH_CHECK_CERT     certificate of a client (default reader.crt beside ROSTRUM_TLS_CA)
//   HEALTH_CHECK_KEY      its key (default reader.key beside ROSTRUM_TLS_CA)
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';

/** How long the answer may take, in milliseconds. */
const DEADLINE_MS = 3_000;
/** HealthCheckResponse { status: SERVING }, on the wire. */
const SERVING = Buffer.from([0x08, 0x01]);

const ca = process.env.ROSTRUM_TLS_CA || 'certs/dev/ca.crt';
const read = (setting, path) => {
  try {
    return readFileSync(path);
  } catch (error) {
    console.error(`${setting}: cannot read ${resolve(path)} (${error.code ?? error.message})`);
    process.exit(1);
  }
};
const file = (setting, usual) => read(setting, process.env[setting] || join(dirname(ca), usual));
const client = new Client(
  process.env.HEALTH_CHECK_ADDRESS || 'localhost:50051',
  credentials.createSsl(
    read('ROSTRUM_TLS_CA', ca),
    file('HEALTH_CHECK_KEY', 'reader.key'),
    file('HEALTH_CHECK_CERT', 'reader.crt'),
  ),
);
const asIs = (bytes) => bytes;
// grpc-js ends some messages with the label of a remark, and no remark.
const inWords = ({ message }) => message.replace(/\.? Resolution note: *$/, '');
client.makeUnaryRequest(
  '/grpc.health.v1.Health/Check',
  asIs,
  asIs,
  Buffer.alloc(0), // HealthCheckRequest {}: the server as a whole
  { deadline: Date.now() + DEADLINE_MS },
  (error, answer) => {
    const serves = !error && SERVING.equals(answer);
    if (!serves) console.error(error ? inWords(error) : 'the server does not serve');
    process.exit(serves ? 0 : 1);
  },
);
