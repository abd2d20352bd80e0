/** The process that makes the load; `LoadCrew` starts it and tells it what to do. */
import type { LibraryConnection } from './library-connection.ts';
import { LoadRun } from './load-run.ts';
import type { Connect, FromLoad, Probe, Run, ToLoad, Transport } from './messages.ts';
import { openPlaintext, openTls } from './open-connections.ts';
import { numberSubmissionsFrom, Requests } from './requests.ts';

const GRPC_HEADER = 5;

let setup: Connect | undefined;
let connections: Record<Transport, LibraryConnection[]> = { tls: [], plaintext: [] };

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
  setup = message;
  numberSubmissionsFrom(message.firstSubmission);
  const { ports, certificates, connections: count } = message;
  connections = {
    tls: await openTls(ports.tls, certificates, count),
    plaintext: ports.plaintext === undefined ? [] : await openPlaintext(ports.plaintext, count),
  };
  tell({ kind: 'connected' });
}

async function run(message: Run): Promise<void> {
  if (setup === undefined) throw new Error('not connected');
  const requests = new Requests(message.template, setup.players);
  const load = new LoadRun(message, connections[message.transport], requests);
  tell(await load.run((boundary) => tell({ kind: boundary })));
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
