// The conformance suite's agent for TypeScript: obeys JSON lines by means of the SDK. See
// ../../conformance/PROTOCOL.md.
import { createInterface } from 'node:readline';
import {
  type CallOptions,
  type LiveViewRequest,
  RostrumClient,
  RostrumError,
} from '@rostrum/client';
import * as from from './from-json.ts';
import * as to from './to-json.ts';
import { Unsupported } from './unsupported.ts';
import { useGoogleLibrary } from './use-google-library.ts';

type Request = from.Json & { readonly id: number; readonly op: string };

const clients = new Map<string, RostrumClient>();
const streams = new Map<string, Stream>();
const watches = new Map<string, Watch>();
const views = new Map<string, View>();
/** The requests under way, to be cancelled. */
const underWay = new Map<number, AbortController>();

interface Stream {
  readonly stream: ReturnType<RostrumClient['scores']['stream']>;
  count: number;
  /** The results that came, told in order. */
  told: Promise<void>;
  failed: unknown;
}

interface Watch {
  readonly abort: AbortController;
  readonly over: Promise<void>;
  /** Resolves when it may go on. */
  gate: PromiseWithResolvers<void> | undefined;
}

type View = ReturnType<RostrumClient['watch']['liveView']>;

const say = (message: object): void => {
  process.stdout.write(`${JSON.stringify(message, to.unwritable)}\n`);
};

const operations: Readonly<Record<string, (request: Request, signal: AbortSignal) => unknown>> = {
  hello: () => ({ language: 'typescript', version: process.version }),

  connect: ({ client, options }) => {
    for (const [name, value] of Object.entries(options?.environment ?? {})) {
      process.env[name] = String(value);
    }
    clients.set(client, RostrumClient.connect(from.clientOptions(options ?? {})));
  },

  close: async ({ client }) => await clientOf(client).close(),

  submit: async ({ client, submission, options }, signal) =>
    to.scoreResult(
      await clientOf(client).scores.submit(
        from.submission(submission),
        callOptions(options, signal),
      ),
    ),

  batch: async ({ client, submissions, options }, signal) => {
    const items = submissions.map(from.submission);
    const answers = await clientOf(client).scores.batchSubmit(items, callOptions(options, signal));
    return answers.map((item) =>
      item.ok ? { ok: to.scoreResult(item.result) } : { error: to.error(item.error) },
    );
  },

  call: async ({ client, method, request, options }, signal) => {
    const call = from.CALLS[method];
    if (call === undefined) throw new Unsupported(`the SDK has no ${method}`);
    return await call(clientOf(client), request ?? {}, callOptions(options, signal));
  },

  'stream.open': ({ client, stream, options }) => {
    const opened = clientOf(client).scores.stream({ ...options });
    streams.set(stream, { stream: opened, count: 0, told: Promise.resolve(), failed: undefined });
  },

  'stream.submit': async ({ stream: name, submissions, callers = 1 }) => {
    const own = lookUp(streams, name);
    const submitEach = async (each: from.Json): Promise<void> => {
      const result = own.stream.submit(from.submission(each));
      const index = own.count;
      own.count += 1;
      const settled = result.then(
        (value) => ({ ok: to.scoreResult(value) }),
        (error: unknown) => ({ error: to.error(error) }),
      );
      own.told = own.told.then(async () =>
        say({ event: 'result', stream: name, index, ...(await settled) }),
      );
      await own.stream.ready();
    };
    const submitFrom = async (caller: number): Promise<void> => {
      for (let i = caller; i < submissions.length; i += callers) await submitEach(submissions[i]);
    };
    await Promise.all(Array.from({ length: callers }, (_, caller) => submitFrom(caller)));
  },

  'stream.end': async ({ stream: name }) => {
    const own = lookUp(streams, name);
    const ended = own.stream.end();
    ended.catch(() => {});
    await own.told;
    await ended;
  },

  'watch.open': ({ client, watch, kind, request, options }) => {
    const abort = new AbortController();
    const settings = {
      ...options,
      signal: abort.signal,
      onInterrupted: (error: RostrumError) =>
        say({ event: 'interrupted', watch, error: to.error(error) }),
      onLive: () => say({ event: 'live', watch }),
    };
    const group = clientOf(client).watch;
    const messages =
      kind === 'changes'
        ? group.changes(from.watchChanges(request), settings)
        : group.standings(from.watchStandings(request), settings);
    const own: Watch = { abort, gate: undefined, over: follow(watch, messages, () => own) };
    watches.set(watch, own);
  },

  'watch.pause': ({ watch }) => {
    lookUp(watches, watch).gate ??= Promise.withResolvers<void>();
  },

  'watch.resume': ({ watch }) => {
    const own = lookUp(watches, watch);
    own.gate?.resolve();
    own.gate = undefined;
  },

  'watch.close': async ({ watch }) => {
    const own = lookUp(watches, watch);
    own.gate?.resolve();
    own.abort.abort();
    await own.over;
  },

  'view.open': ({ client, view, request, options }) => {
    const opened = clientOf(client).watch.liveView(
      from.watchStandings(request) as LiveViewRequest,
      {
        ...options,
      },
    );
    views.set(view, opened);
    const tell = ({ status, error }: View['state']) =>
      say({
        ...{ event: 'state', view, state: status },
        ...(error !== undefined && { error: to.error(error) }),
      });
    tell(opened.state);
    opened.onState(tell);
  },

  'view.ready': async ({ view }) => await lookUp(views, view).ready(),

  'view.read': ({ view }) => {
    const { state, standings, totalPlayers, revision } = lookUp(views, view);
    return {
      ...{ state: state.status, totalPlayers, revision: String(revision) },
      standings: standings.map(to.standing),
      ...(state.error !== undefined && { error: to.error(state.error) }),
    };
  },

  'view.close': async ({ view }) => await lookUp(views, view).close(),

  cancel: ({ request }) => {
    underWay.get(request)?.abort();
  },

  special: ({ name }) => {
    if (name !== 'google-library') throw new Unsupported(`the agent knows nothing of ${name}`);
    useGoogleLibrary();
  },

  runtime: () => ({ open: { resources: process.getActiveResourcesInfo().length } }),
};

/** What is not for the SDK: that a call is cancelled before it begins. */
function callOptions(options: from.Json | undefined, signal: AbortSignal): CallOptions {
  const { cancelled: _, ...rest } = options ?? {};
  return { ...rest, signal };
}

async function follow(
  watch: string,
  messages: AsyncIterable<Parameters<typeof to.watchMessage>[0]>,
  own: () => Watch,
): Promise<void> {
  // The watch is registered before its first message.
  await Promise.resolve();
  try {
    for await (const message of messages) {
      await own().gate?.promise;
      say({ event: 'message', watch, ...to.watchMessage(message) });
    }
    say({ event: 'ended', watch });
  } catch (error) {
    const isOurs = own().abort.signal.aborted;
    say({ event: 'ended', watch, ...(!isOurs && { error: to.error(error) }) });
  }
}

function clientOf(name: string): RostrumClient {
  return lookUp(clients, name);
}

function lookUp<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Error(`nothing is called ${name}`);
  return found;
}

async function obey(request: Request): Promise<void> {
  const { id, op } = request;
  const operation = operations[op];
  if (operation === undefined) {
    say({ id, unsupported: `there is no ${op}` });
    return;
  }
  const abort = new AbortController();
  underWay.set(id, abort);
  if (request.options?.cancelled) abort.abort();
  try {
    say({ id, ok: (await operation(request, abort.signal)) ?? {} });
  } catch (error) {
    if (error instanceof Unsupported) say({ id, unsupported: error.message });
    else if (error instanceof RostrumError) say({ id, error: to.error(error) });
    else if (abort.signal.aborted) say({ id, error: { ...to.error(error), cancelled: true } });
    else say({ id, foreign: (error as Error).name, message: (error as Error).message });
  } finally {
    underWay.delete(id);
  }
}

const input = createInterface({ input: process.stdin });
input.on('line', (line) => void obey(JSON.parse(line) as Request));
input.once('close', async () => {
  for (const own of watches.values()) own.gate?.resolve();
  await Promise.all([...clients.values()].map((client) => client.close()));
});
