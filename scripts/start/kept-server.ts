import { setTimeout as delay } from 'node:timers/promises';
import { howItEnded } from './last-words.ts';
import { crashReport, launchServer, type ServerOptions } from './server.ts';

/** Pause before the server is started again, in milliseconds. */
const RESTART_PAUSE_MS = 500;
/** A server that ends more often than this within the window will not get better by itself. */
const MOST_RESTARTS = 3;
const WINDOW_MS = 30_000;
/** How long an orderly stop may take, in milliseconds. */
const STOP_MS = 30_000;

/** The server of `npm start`, started again when it ends by itself, as the stores are. */
export class KeptServer {
  readonly #options: ServerOptions;
  /** The latest start; a stop waits for it, so that no server is left behind. */
  #launch: ReturnType<typeof launchServer>;
  #stopped = false;

  /** Starts it; `serving` tells when it serves. */
  constructor(options: ServerOptions) {
    this.#options = options;
    this.#launch = launchServer(options);
  }

  /** `host:port`, once it serves for the first time. @throws Error with its last words. */
  async serving(): Promise<string> {
    return await (await this.#launch).address;
  }

  /** Stops it in order; it is not started again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const launched = await this.#launch.catch(() => undefined); // told where it was awaited
    launched?.address.catch(() => undefined); // whoever stops it need not hear that it ended
    await launched?.server.stop(STOP_MS);
  }

  /**
   * Starts it again, at the same address, whenever it ends by itself. Resolves only when it was
   * stopped, or ended too often, with the reason.
   */
  async keepRunning(): Promise<string> {
    const options = {
      ...this.#options,
      // With port 0 it would come back at another one, where nobody looks for it.
      env: { ...this.#options.env, ROSTRUM_ADDRESS: await this.serving() },
    };
    let restarts: number[] = [];
    for (;;) {
      const { server } = await this.#launch;
      const end = howItEnded(await server.ended);
      if (this.#stopped) return 'The server was stopped';
      restarts = restarts.filter((at) => performance.now() - at < WINDOW_MS);
      if (restarts.length >= MOST_RESTARTS) {
        const often = `ended by itself ${restarts.length + 1} times within ${WINDOW_MS / 1000} s (${end})`;
        return crashReport(server, options.logFile, often);
      }
      console.log(`The server ended by itself (${end}); starting it again`);
      await delay(RESTART_PAUSE_MS);
      if (this.#stopped) return 'The server was stopped';
      restarts.push(performance.now());
      this.#launch = launchServer(options);
      const { server: next, address } = await this.#launch;
      try {
        await address;
        if (!this.#stopped) console.log('The server runs again');
      } catch (error) {
        // One that ended is counted above; one that hangs will not do better the next time.
        if (!next.end) return error instanceof Error ? error.message : String(error);
      }
    }
  }
}
