import { freePort } from './free-port.ts';
import type { ProcessEnd, ServiceProcess } from './service-process.ts';

/** A server on 127.0.0.1 that can be stopped and started again on the same port. */
export abstract class RestartableService {
  readonly port: number;
  protected process: ServiceProcess | undefined;

  protected constructor(port: number) {
    this.port = port;
  }

  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** The latest lines of its log. */
  log(): string {
    return this.process?.tail() ?? '';
  }

  /** Resolves when the running server ends, wanted or not. */
  get ended(): Promise<ProcessEnd> {
    return this.process?.ended ?? Promise.resolve({ code: null, signal: null });
  }

  /** Starts it again after `stop` or `kill`, with its data or without. */
  abstract start(options?: { readonly wipe?: boolean }): Promise<void>;

  /** Ends the sessions and stops in order. Does nothing when it is not running. */
  async stop(): Promise<void> {
    await this.process?.stop();
    this.process = undefined;
  }

  /** Sends a signal to the server alone and waits for its end; `start` brings it back. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.process?.kill(signal);
    this.process = undefined;
  }
}

/** Starts a service on a port, or else on a free one. Another program may take that before the service does. */
export async function startOnPort<Service>(
  port: number | undefined,
  start: (port: number) => Promise<Service>,
): Promise<Service> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(port ?? (await freePort()));
    } catch (error) {
      const lostPort = port === undefined && String(error).includes('in use');
      if (!lostPort || attempt === 5) throw error;
    }
  }
}
