import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import {
  WatchChangesRequest,
  WatchStandingsRequest,
} from '../../server/dist/gen/rostrum/v1/watch.js';

const SERVICE = '/rostrum.v1.WatchService';
/** Small, so that a watcher that does not read is noticed after a few messages. */
const WINDOW_BYTES = 16 * 1024;

/** A connection with watches that can stop reading and die, which no good client does. */
export class WatchConnection {
  readonly #socket: TLSSocket;
  readonly #session: ClientHttp2Session;
  readonly #streams: ClientHttp2Stream[] = [];
  #messages = 0;

  constructor(address: string, tls: { ca: string; cert: string; key: string }) {
    const [host, port] = address.split(':') as [string, string];
    this.#socket = connectTls({
      host,
      port: Number(port),
      servername: 'localhost',
      ca: readFileSync(tls.ca),
      cert: readFileSync(tls.cert),
      key: readFileSync(tls.key),
      ALPNProtocols: ['h2'],
    });
    this.#socket.on('error', () => {});
    this.#session = connect(`https://${address}`, {
      createConnection: () => this.#socket,
      settings: { initialWindowSize: WINDOW_BYTES },
    });
    this.#session.on('error', () => {});
  }

  /** Reads of all watches so far; each is one or more messages. */
  get messages(): number {
    return this.#messages;
  }

  watchChanges(leaderboardId: string): void {
    const request = {
      ...{ leaderboardId, seasonId: '', segment: undefined },
      ...{ resumeToken: '', playerIds: [] },
    };
    this.#open('WatchChanges', WatchChangesRequest.encode(request).finish());
  }

  watchTop(leaderboardId: string, count: number): void {
    this.#watchView(leaderboardId, { $case: 'top', value: { count } });
  }

  watchAround(leaderboardId: string, playerId: string): void {
    this.#watchView(leaderboardId, { $case: 'around', value: { playerId, count: 11 } });
  }

  /** From now on nothing is read. */
  stall(): void {
    for (const stream of this.#streams) stream.pause();
  }

  /** Cancels the watches, and closes the connection when they are over. */
  leave(): void {
    for (const stream of this.#streams) stream.close(8);
    this.#session.close();
  }

  /** The connection is gone without a word. */
  die(): void {
    this.#socket.destroy();
    this.#session.destroy();
  }

  #watchView(leaderboardId: string, view: WatchStandingsRequest['view']): void {
    const request = {
      ...{ leaderboardId, seasonId: '', segment: undefined, view },
      ...{ minInterval: undefined, resumeToken: '' },
    };
    this.#open('WatchStandings', WatchStandingsRequest.encode(request).finish());
  }

  #open(method: string, message: Uint8Array): void {
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': `${SERVICE}/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const header = Buffer.alloc(5);
    header.writeUInt32BE(message.byteLength, 1);
    stream.end(Buffer.concat([header, message]));
    stream.on('error', () => {});
    stream.on('data', () => {
      this.#messages += 1;
    });
    this.#streams.push(stream);
  }
}
