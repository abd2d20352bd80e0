/** The process that makes the load; `load-process.ts` starts it and tells it what to do. */
import { readFileSync } from 'node:fs';
import { connect as connectPlaintext } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { GrpcConnection, type LoadConnection } from './grpc-connection.ts';
import { LibraryConnection } from './library-connection.ts';
import { LoadRun } from './load-run.ts';
import type { Connect, FromLoad, LoadClient, Probe, Run, ToLoad, Transport } from './messages.ts';
import { numberSubmissionsFrom, Requests } from './requests.ts';

const GRPC_HEADER = 5;
const HOST = '127.0.0.1';

let setup: Connect | undefined;
let connections: Record<Transport, LoadConnection[]> = { tls: [], plaintext: [] };

process.on('message', (message: ToLoad) => {
  obey(message).catch((error: Error) => tell({ kind: 'failed', message: error.message }));
});
process.on('disconnect', () => process.exit());

function obey(message: ToLoad): Promise<void> {
  switch (message.kind) {
    case 'connect':
      return connect(message);
    case 'run':
      return run(message);
    case 'probe':
      return probe(message);
  }
}

function tell(message: FromLoad): void {
  process.send?.(message);
}

async function connect(message: Connect): Promise<void> {
  const each = { length: message.connections };
  setup = message;
  numberSubmissionsFrom(message.firstSubmission);
  connections = {
    tls: await Promise.all(Array.from(each, () => openTls(message))),
    plaintext: await openAllPlaintext(message),
  };
  tell({ kind: 'connected' });
}

async function run(message: Run): Promise<void> {
  if (setup === undefined) throw new Error('not connected');
  const requests = new Requests(message.template, setup.players);
  const load = new LoadRun(message, connections[message.transport], requests);
  tell(await load.run((moment) => tell({ kind: moment })));
}

async function probe({ template }: Probe): Promise<void> {
  const [connection] = connections.tls;
  if (setup === undefined || connection === undefined) throw new Error('not connected');
  const requests = new Requests(template, setup.players);
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const parts: Buffer[] = [];
    connection.call(requests.path, requests.next(), {
      data: (bytes) => parts.push(Buffer.from(bytes)),
      end: (status) => {
        if (status === 0) resolve(Buffer.concat(parts).subarray(GRPC_HEADER));
        else reject(new Error(`${requests.path} failed with gRPC status ${status}`));
      },
    });
  });
  tell({ kind: 'probed', answer: answer.toString('base64') });
}

async function openLibrary(port: number, certificates?: string): Promise<LoadConnection> {
  const read = (file: string) => readFileSync(join(certificates ?? '', file));
  const tls = certificates && {
    ca: read('ca.crt'),
    cert: read('admin.crt'),
    key: read('admin.key'),
  };
  const connection = new LibraryConnection(`${HOST}:${port}`, tls || undefined);
  await connection.ready();
  return connection;
}

function openTls({ ports, certificates, client }: Connect): Promise<LoadConnection> {
  if (client === 'library') return openLibrary(ports.tls, certificates);
  const read = (file: string) => readFileSync(join(certificates, file));
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      host: HOST,
      port: ports.tls,
      servername: 'localhost',
      ALPNProtocols: ['h2'],
      ca: read('ca.crt'),
      cert: read('admin.crt'),
      key: read('admin.key'),
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.setNoDelay(true);
      resolve(new GrpcConnection(socket, 'https', broken));
    });
  });
}

function openAllPlaintext({ ports, client, connections }: Connect): Promise<LoadConnection[]> {
  const { plaintext } = ports;
  if (plaintext === undefined) return Promise.resolve([]);
  const each = { length: connections };
  return Promise.all(Array.from(each, () => openPlaintext(plaintext, client)));
}

function openPlaintext(port: number, client: LoadClient): Promise<LoadConnection> {
  if (client === 'library') return openLibrary(port);
  return new Promise((resolve, reject) => {
    const socket = connectPlaintext({ host: HOST, port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve(new GrpcConnection(socket, 'http', broken)));
  });
}

function broken(error: Error): void {
  tell({ kind: 'failed', message: `a connection broke: ${error.message}` });
}
