// node scripts/bootstrap.mjs scripts/clients/serve.ts: a whole service for the tests of a client in
// any language, which speak to it by JSON lines. A test run starts it as a child and closes its
// standard input in the end: then everything stops, and its files are removed. It needs no
// installation before: bootstrap.mjs installs, builds, and may say so in lines that do not begin
// with `{`.
//
// A request is one line on standard input; each gets one line on standard output, with its `id`, when
// it is done. Requests run side by side: wait for an answer before you send what depends on it.
//
//   {"id": 1, "op": "start"}
//   {"id": 1, "ok": {"address": "127.0.0.1:40123", "certificates": "/tmp/…/certificates"}}
//
//   start   starts a server and answers when it serves; again, after `stop` or `kill`, on the same
//           port. `settings`: variables of its environment, such as {"ROSTRUM_LOG_LEVEL": "debug"}
//   stop    SIGTERM, answers when it has ended; `kill`: SIGKILL
//   signal  `signal`: "SIGSTOP", "SIGCONT", "SIGHUP"; does not wait
//   log     {"text": "…"}: the latest lines of a server's log
//   query   `sql`, `values`: runs a statement on PostgreSQL; {"rows": [{"count": "3"}]}
//   store   `store`: "postgres" or "redis"; `do`: "start", "stop" or "kill"
//   make    `directory`, `identities` (["writer/ann"]), `hosts`: an own authority and certificates in a
//           directory of yours; {}
//
// The first five take `server`, a name of your choice ("main" if left out): all servers share the
// stores. An error is {"id": 1, "error": {"message": "…"}}. The certificates are ca.crt, and a .crt and
// a .key for each of server, admin, writer, reader, and for those that no server lets in: foreign,
// expired, early, roleless, stranger (see server/test/support/test-certificates.ts).
import { createInterface } from 'node:readline';
import { generateCertificates } from '../../certs/generate.ts';
import { Service } from './service.ts';

interface Request {
  readonly id: number;
  readonly op: string;
  readonly server?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly signal?: NodeJS.Signals;
  readonly sql?: string;
  readonly values?: readonly unknown[];
  readonly store?: string;
  readonly do?: string;
  readonly directory?: string;
  readonly identities?: readonly string[];
  readonly hosts?: readonly string[];
}

// Ctrl-C reaches the whole group: the test run ends then, and closes the standard input.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => lines.close());
// A test run that died reads no answers any more; its end of the standard input ends this program.
process.stdout.on('error', () => undefined);
const lines = createInterface({ input: process.stdin });
const beginning = Service.begin();
const requests = new Set<Promise<void>>();
lines.on('line', (line) => {
  const request = answer(JSON.parse(line) as Request).finally(() => requests.delete(request));
  requests.add(request);
});
lines.on('close', async () => {
  const service = await beginning;
  await Promise.all(requests);
  await service.end();
  process.exit();
});
beginning.catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});

async function answer(request: Request): Promise<void> {
  const { id } = request;
  try {
    const ok = (await obey(await beginning, request)) ?? {};
    tell({ id, ok });
  } catch (error) {
    tell({ id, error: { message: error instanceof Error ? error.message : String(error) } });
  }
}

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function obey(service: Service, request: Request): Promise<object | undefined> {
  const { op, server = 'main' } = request;
  switch (op) {
    case 'start': {
      const address = await service.start(server, request.settings);
      return { address, certificates: service.certificates };
    }
    case 'stop':
      await service.stop(server);
      return undefined;
    case 'kill':
      await service.kill(server);
      return undefined;
    case 'signal':
      service.signal(server, required(request, 'signal'));
      return undefined;
    case 'log':
      return { text: service.log(server) };
    case 'query':
      return { rows: await service.query(required(request, 'sql'), request.values) };
    case 'store':
      await obeyStore(service, request);
      return undefined;
    case 'make': {
      const { identities = [], hosts = [] } = request;
      await generateCertificates(required(request, 'directory'), { identities, hosts });
      return undefined;
    }
    default:
      throw new Error(`there is no op ${JSON.stringify(op)}`);
  }
}

async function obeyStore(service: Service, request: Request): Promise<void> {
  const { store, do: order } = request;
  if (store !== 'postgres' && store !== 'redis') {
    throw new Error(`there is no store ${JSON.stringify(store)}`);
  }
  if (order !== 'start' && order !== 'stop' && order !== 'kill') {
    throw new Error(`a store cannot ${JSON.stringify(order)}`);
  }
  await service[store][order]();
}

function required<Key extends keyof Request>(
  request: Request,
  key: Key,
): NonNullable<Request[Key]> {
  const value = request[key];
  if (value === undefined || value === null) throw new Error(`${request.op} needs ${key}`);
  return value;
}
