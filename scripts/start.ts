// npm start: a whole Rostrum for development, from certificates to a sample board. See the README.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './foreground.ts';
import { clientAddress, DEFAULT_ADDRESS, parseAddress, requireFree } from './start/address.ts';
import { KeptServer } from './start/kept-server.ts';
import { releaseLock, takeLock } from './start/lock.ts';
import { paint, silenceSteps, step } from './start/progress.ts';
import { openState, rotateLog, type State } from './start/state.ts';
import { keepRunning, type Store, startPostgres, startRedis } from './start/stores.ts';

/** Thrown to leave the start when somebody asked to stop. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** One Ctrl-C may arrive twice, from the terminal and from npm; a later one means impatience. */
const IMPATIENCE_MS = 1_500;

const stopping = { since: 0 };
const stopRequested = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping.since === 0) {
        stopping.since = Date.now();
        silenceSteps();
        console.log('\nStopping ...');
        resolve();
      } else if (Date.now() - stopping.since > IMPATIENCE_MS) {
        // What still runs is stopped by the reaper, in order, as soon as this process is gone.
        console.log('Not waiting any longer.');
        process.exit(130);
      }
    });
  }
});
// A terminal that was closed must not turn the orderly stop into a crash.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

process.exitCode = await main();

async function main(): Promise<number> {
  const stops: (() => Promise<unknown>)[] = [];
  let state: State | undefined;
  let holdsLock = false;
  let failure: string | undefined;
  try {
    const requested = process.env.ROSTRUM_ADDRESS || DEFAULT_ADDRESS;
    const address = parseAddress(requested);
    state = openState(ROOT);
    const holder = takeLock(state.lockFile, clientAddress(address));
    if (holder) {
      console.error(
        [
          `Rostrum already runs from this checkout, at ${holder.address}: process ${holder.pid}, since ${holder.since}.`,
          `Stop it with Ctrl-C in its terminal, or with: kill ${holder.pid}`,
        ].join('\n'),
      );
      return 1;
    }
    holdsLock = true;
    await requireFree(address);
    await serve(state, requested, stops);
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) return 0;
    failure = error instanceof Error ? error.message : String(error);
    return 1;
  } finally {
    stopping.since ||= Date.now();
    const tell = failure === undefined ? console.log : console.error;
    if (failure !== undefined && stops.length > 0) tell('\nStopping what was started ...');
    for (const stop of stops.reverse()) await stop();
    if (state && holdsLock) {
      rmSync(state.environmentFile, { force: true });
      releaseLock(state.lockFile);
    }
    if (stops.length > 0) tell('Everything that was started has stopped; the data is kept.');
    // Last, where it is read: the reason, whose last line says what to do.
    if (failure !== undefined) tell(`\n${failure}`);
  }
}

/** Brings everything up and stays until somebody asks to stop. @throws when a part gives up. */
async function serve(
  state: State,
  address: string,
  stops: (() => Promise<unknown>)[],
): Promise<void> {
  const tls = await makeCertificates();
  interruptionPoint();
  const postgres = await startPostgres(state);
  stops.push(async () => postgres.service?.stop());
  interruptionPoint();
  const redis = await startRedis(state);
  stops.push(async () => redis.service?.stop());
  interruptionPoint();
  const urls = { DATABASE_URL: postgres.url, REDIS_URL: redis.url };
  writeEnvironment(state, urls);

  const logFile = rotateLog(state.logFile('server'));
  const server = await startServer({ ...tls.server, ...urls, ROSTRUM_ADDRESS: address }, logFile);
  stops.push(() => server.stop());
  const reachable = clientAddress(parseAddress(await server.serving()));
  await Promise.race([loadSamples(reachable, tls.writer), stopRequested]);
  interruptionPoint();

  console.log(welcome(reachable, logFile, state));
  await stay(server, [postgres, redis]);
}

function interruptionPoint(): void {
  if (stopping.since !== 0) throw new Interrupted();
}

interface Certificates {
  /** Settings of the server. */
  readonly server: Readonly<Record<string, string>>;
  readonly writer: { readonly ca: string; readonly cert: string; readonly key: string };
}

async function makeCertificates(): Promise<Certificates> {
  return await step('Certificates', async () => {
    const made = spawnSync(process.execPath, [join(ROOT, 'certs/generate.ts')], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    if (made.status !== 0) {
      throw new Error(`the certificates could not be made:\n${made.stderr || made.stdout}`);
    }
    const file = (name: string) => join(ROOT, 'certs/dev', name);
    const given = (name: string, usual: string) => process.env[name] || file(usual);
    const value = {
      server: {
        ROSTRUM_TLS_CA: given('ROSTRUM_TLS_CA', 'ca.crt'),
        ROSTRUM_TLS_CERT: given('ROSTRUM_TLS_CERT', 'server.crt'),
        ROSTRUM_TLS_KEY: given('ROSTRUM_TLS_KEY', 'server.key'),
      },
      writer: { ca: file('ca.crt'), cert: file('writer.crt'), key: file('writer.key') },
    };
    return { said: 'in certs/dev: admin, writer, reader, server', value };
  });
}

async function startServer(
  env: Readonly<Record<string, string>>,
  logFile: string,
): Promise<KeptServer> {
  return await step('Server', async (report) => {
    report('migrating and starting');
    const showLog = process.env.ROSTRUM_LOG === 'stdout';
    const server = new KeptServer({ root: ROOT, env, logFile, showLog });
    const stopped = stopRequested.then(() => Promise.reject(new Interrupted()));
    try {
      const where = clientAddress(parseAddress(await Promise.race([server.serving(), stopped])));
      return { said: `serves at ${where} (mutual TLS)`, value: server };
    } catch (error) {
      await server.stop();
      throw error;
    }
  });
}

async function loadSamples(address: string, tls: Certificates['writer']): Promise<void> {
  try {
    await step('Sample board', async () => {
      const { loadSampleBoard, SAMPLE_BOARD } = await import('./sample-board.ts');
      const { players, kept } = await loadSampleBoard({ address, tls });
      const many = `${players} ${players === 1 ? 'player' : 'players'}`;
      const said = `${SAMPLE_BOARD}, ${kept ? 'kept ' : ''}with ${many}`;
      return { said, value: undefined };
    });
  } catch (error) {
    if (stopping.since !== 0) return;
    // With certificates of the user's own, the development identities may not be let in.
    console.log(
      `  The sample board was not loaded: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** For a developer who wants to look into the stores; holds passwords. */
function writeEnvironment(state: State, urls: Readonly<Record<string, string>>): void {
  const lines = Object.entries(urls).map(([name, url]) => `${name}='${url}'\n`);
  rmSync(state.environmentFile, { force: true });
  writeFileSync(state.environmentFile, lines.join(''), { mode: 0o600 });
}

function welcome(address: string, logFile: string, state: State): string {
  const prefix = address === DEFAULT_ADDRESS ? '' : `ROSTRUM_ADDRESS=${address} `;
  const show = (path: string) => relative(ROOT, path);
  return [
    '',
    `Rostrum serves at ${paint('bold', address)}. Try these in another terminal, in this directory:`,
    '',
    ...['top demo', 'watch demo', 'demo'].map((command) => `  ${prefix}npx rostrum ${command}`),
    '',
    paint(
      'dim',
      `Log: ${show(logFile)}. Connection strings of the stores: ${show(state.environmentFile)}.`,
    ),
    paint('dim', 'Ctrl-C stops everything and keeps the data.'),
  ].join('\n');
}

/** Waits for the wish to stop. @throws Error when the server or a store cannot be kept up. */
async function stay(server: KeptServer, stores: readonly Store[]): Promise<void> {
  const isStopping = () => stopping.since !== 0;
  const gaveUp = stores.map(async (store) => {
    throw new Error(await keepRunning(store, isStopping));
  });
  const crashed = server.keepRunning().then((reason) => {
    throw new Error(reason);
  });
  for (const end of [...gaveUp, crashed]) end.catch(() => undefined); // the race below tells
  await Promise.race([stopRequested, crashed, ...gaveUp]);
}
