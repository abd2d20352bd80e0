import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import pg from 'pg';

/** Distinguishes the sessions of this thread from all others. */
const OURS = randomBytes(4).toString('hex');
let made = 0;

/** A connection to PostgreSQL that a `SessionWatch` can watch. */
export class SessionClient extends pg.Client {
  /** The application name of its session, which no other session ever has. */
  readonly sessionName: string;
  readonly socket: Socket;
  readonly openedMs = performance.now();
  /** False while it is idle in a pool: closing it harms nobody. */
  lent = true;
  /** False while its owner does not read: then it is silent because of us. */
  expectsBytes = true;
  /** Whether no query is under way. The driver has it, its types do not. */
  declare readonly readyForQuery: boolean;
  #ending = false;

  /** @param config its application name begins the session's */
  constructor(config: pg.ClientConfig = {}) {
    made += 1;
    const sessionName = `${config.application_name} ${OURS}-${made}`;
    const socket = new Socket();
    super({ ...config, application_name: sessionName, stream: () => socket });
    this.sessionName = sessionName;
    this.socket = socket;
  }

  /** Whether PostgreSQL should send something: the result of a statement, or the end of the connection. */
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
