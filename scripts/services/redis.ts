import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { untilReady } from './ready.ts';
import { ensureRedis } from './redis-binary.ts';
import { RestartableService, startOnPort } from './restartable-service.ts';
import { ServiceProcess } from './service-process.ts';

export interface LocalRedisOptions {
  /** Holds the data, the configuration and the password; made when missing. */
  readonly directory: string;
  /** Default: a free one. It stays the same over restarts. */
  readonly port?: number;
  readonly logFile?: string;
  /** Whether writes go to an append-only file, so that they survive a restart. */
  readonly appendOnly: boolean;
  /** How many logical databases it has. */
  readonly databases?: number;
  /** Told when Redis has to be installed first. */
  readonly report?: (line: string) => void;
}

/** A Redis server of our own on 127.0.0.1, which stops with this process at the latest. */
export class LocalRedis extends RestartableService {
  readonly #options: LocalRedisOptions;
  readonly #program: string;
  readonly #password: string;

  /** Starts the server and waits until it has loaded its data. @throws RedisMissing */
  static async start(options: LocalRedisOptions): Promise<LocalRedis> {
    const program = await ensureRedis(options.report ?? (() => undefined));
    await mkdir(join(options.directory, 'data'), { recursive: true });
    const password = await keptPassword(join(options.directory, 'password'));
    return await startOnPort(options.port, async (port) => {
      const redis = new LocalRedis(options, port, program, password);
      await redis.start();
      return redis;
    });
  }

  private constructor(options: LocalRedisOptions, port: number, program: string, password: string) {
    super(port);
    this.#options = options;
    this.#program = program;
    this.#password = password;
  }

  url(database = 0): string {
    return `redis://default:${this.#password}@127.0.0.1:${this.port}/${database}`;
  }

  async start(options: { readonly wipe?: boolean } = {}): Promise<void> {
    if (this.process && !this.process.end) return;
    const { directory, logFile } = this.#options;
    const data = join(directory, 'data');
    if (options.wipe) await rm(data, { recursive: true, force: true });
    await mkdir(data, { recursive: true });
    // A file, not arguments: everyone on the machine can read the arguments of a process.
    const configuration = join(directory, 'redis.conf');
    await writeFile(configuration, this.#configuration(data), { mode: 0o600 });
    const child = await ServiceProcess.spawn({
      name: 'Redis',
      command: this.#program,
      args: [configuration],
      cwd: directory,
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      logFile,
      stopSignal: 'SIGTERM',
    });
    this.process = child;
    await untilReady(child, () => ping(this.port, this.#password));
  }

  #configuration(data: string): string {
    const { appendOnly, databases } = this.#options;
    return [
      'bind 127.0.0.1',
      `port ${this.port}`,
      `requirepass ${this.#password}`,
      `dir ${JSON.stringify(data)}`,
      `databases ${databases ?? 16}`,
      `appendonly ${appendOnly ? 'yes' : 'no'}`,
      'save ""',
      'daemonize no',
      '',
    ].join('\n');
  }
}

async function keptPassword(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const password = randomBytes(24).toString('hex');
    await writeFile(file, password, { mode: 0o600 });
    return password;
  }
}

/** Resolves when the server answers PONG; while it loads its data it answers an error. */
function ping(port: number, password: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let answer = '';
    socket.setTimeout(1_000, () => socket.destroy(new Error('no answer within 1 s')));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without an answer')));
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
      if (answer.split('\r\n').length < 3) return;
      if (answer.includes('+PONG')) resolve();
      else reject(new Error(answer.trim()));
      socket.destroy();
    });
  });
}
