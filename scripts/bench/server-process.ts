import { join } from 'node:path';
import { ServiceProcess } from '../services/service-process.ts';
import { certificateSettings, withoutSettings } from './bench.ts';

export interface ServerWanted {
  /** What people call it in messages. */
  readonly name: string;
  /** The tree whose built server it is. */
  readonly directory: string;
  /** For Node. */
  readonly flags: readonly string[];
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly certificates: string;
  readonly writeLanes: number | undefined;
}

/** How long a server may take until it listens, in milliseconds. */
const START_MS = 60_000;

/** Starts the server of a tree as it runs in production and waits until it listens. */
export async function startServer(
  wanted: ServerWanted,
): Promise<{ readonly process: ServiceProcess; readonly port: number }> {
  const server = await ServiceProcess.spawn({
    name: wanted.name,
    command: process.execPath,
    args: [...wanted.flags, join(wanted.directory, 'server/dist/main.js')],
    cwd: wanted.directory,
    env: {
      ...withoutSettings(process.env),
      ROSTRUM_ADDRESS: '127.0.0.1:0',
      DATABASE_URL: wanted.databaseUrl,
      REDIS_URL: wanted.redisUrl,
      ...certificateSettings(wanted.certificates),
      ...(wanted.writeLanes && { ROSTRUM_WRITE_LANES: String(wanted.writeLanes) }),
    },
    stopSignal: 'SIGTERM',
  });
  try {
    return { process: server, port: await portOf(server) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The port that the server says it listens on. */
async function portOf(server: ServiceProcess): Promise<number> {
  return await new Promise<number>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${server.name} ${why}:\n${server.tail(30)}`));
    const timer = setTimeout(() => fail('did not listen in time'), START_MS);
    void server.ended.then(() => fail('ended'));
    server.onLine((line) => {
      if (!line.includes('"listening"')) return;
      const { address } = JSON.parse(line) as { address?: string };
      const port = address?.split(':').at(-1);
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}
