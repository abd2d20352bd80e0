import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import pg from 'pg';

/** Tells the sessions of this thread from those of others. */
const OURS = randomBytes(4).toString('hex');
let made = 0;

/** A connection to PostgreSQL that a `SessionWatch` can watch. */
export class SessionClient extends pg.Client {
  /** The application name of its session. No other session has it, of no server and at no time. */
  readonly sessionName: string;
  readonly socket: Socket;
  readonly openedMs = performance.now();
  /** False while it waits in a pool: nobody minds when it is closed. */
  lent = true;
  /** False while its owner does not read what comes: then it is silent because of us. */
  expectsBytes = true;
  /** The driver's: whether nothing is under way. Its types do not know it. */
  declare readonly readyForQuery: boolean;
  #ending = false;

  /** @param config its application name is the beginning of the session's */
  constructor(config: pg.ClientConfig = {}) {
    made += 1;
    const sessionName = `${config.application_name} ${OURS}-${made}`;
    const socket = new Socket();
    super({ ...config, application_name: sessionName, stream: () => socket });
    this.sessionName = sessionName;
    this.socket = socket;
  }

  /** Whether PostgreSQL owes us something: the result of a statement, or the end of the connection. */
  get awaitsAnswer(): boolean {
    return this.expectsBytes && (this.#ending || this.readyForQuery === false);
  }

  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    this.#ending = true;
    return callback === undefined ? super.end() : super.end(callback);
  }
}
