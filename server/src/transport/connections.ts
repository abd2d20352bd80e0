import type { Duplex } from 'node:stream';
import { Allotment, type Cap } from '../domain/allotment.js';
import { type Caller, Holdings, IdentityHoldings, type Limit } from '../domain/caller.js';
import type { Identity } from './identity.js';
import { labelPeer, type SocketAddresses } from './internals/peer-label.js';

/** One client connection, from the end of its handshake to its close. */
export class Connection extends Holdings implements Caller {
  readonly #socket: Duplex;

  /**
   * @param label its unique name: the peer's address and port, and the connection's number
   * @param identity undefined if the certificate carries none; every call is refused then
   */
  constructor(
    readonly label: string,
    readonly identity: Identity | undefined,
    readonly of: IdentityHoldings,
    socket: Duplex,
  ) {
    super();
    this.#socket = socket;
  }

  /** Ends the connection at once, with all its calls. */
  destroy(): void {
    this.#socket.destroy();
  }
}

/** The open connections of a server, by label. */
export class Connections {
  readonly #byLabel = new Map<string, Connection>();
  readonly #byIdentity = new Map<string, IdentityHoldings>();
  /** Identities that have no connection left and still hold something. */
  readonly #leaving = new Set<IdentityHoldings>();
  readonly #waitingForNone: (() => void)[] = [];
  readonly #places: Allotment;
  readonly #onRefused: (identity: string, limit: Limit) => void;
  #accepted = 0;

  /**
   * @param total connections that may be open
   * @param cap how many of them one identity may have open
   * @param onRefused told when an identity is refused something else, with the limit that it met
   */
  constructor(
    total: number,
    cap: Cap,
    onRefused: (identity: string, limit: Limit) => void = () => {},
  ) {
    this.#places = new Allotment(total, cap);
    this.#onRefused = onRefused;
  }

  get count(): number {
    return this.#byLabel.size;
  }

  /** What each identity with an open connection holds. */
  get identities(): Iterable<IdentityHoldings> {
    return this.#byIdentity.values();
  }

  /** What the connections of an identity hold together. */
  holdingsOf(identity: Identity | undefined): IdentityHoldings {
    const name = identityName(identity);
    return this.#byIdentity.get(name) ?? new IdentityHoldings(name, this.#onRefused);
  }

  /** How many connections an identity may have open, given that it has `held`. */
  limitOf(held: number): number {
    return this.#places.limitOf(held);
  }

  /** Whether as many are open as may be, for all identities together. */
  get isFull(): boolean {
    return this.#places.used >= this.#places.total;
  }

  /** Whether an identity may have one more connection open. A refusal counts against it. */
  mayAdd(identity: Identity | undefined): boolean {
    const holdings = this.holdingsOf(identity);
    if (this.#places.mayTake(holdings.connections)) return true;
    holdings.refused += 1;
    return false;
  }

  find(label: string): Connection | undefined {
    return this.#byLabel.get(label);
  }

  /**
   * Takes in a socket that is about to be handed to grpc-js.
   *
   * A call finds its connection by `call.getPeer()`. Address and port alone would not do: with
   * several local addresses, two connections may have the same ones, and a caller could borrow
   * another's role. So the peer is given a label that is unique in the process.
   */
  add(socket: Duplex & SocketAddresses, identity: Identity | undefined): Connection {
    this.#accepted += 1;
    const label = `${formatAddress(socket.remoteAddress, socket.remotePort)}#${this.#accepted}`;
    const holdings = this.holdingsOf(identity);
    holdings.connections += 1;
    this.#places.take();
    this.#leaving.delete(holdings);
    this.#byIdentity.set(holdings.identity, holdings);
    const connection = new Connection(label, identity, holdings, socket);
    labelPeer(socket, label);
    this.#byLabel.set(label, connection);
    socket.once('close', () => this.#remove(connection));
    return connection;
  }

  /** Resolves when none is open. */
  whenNone(): Promise<void> {
    if (this.#byLabel.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForNone.push(resolve));
  }

  #remove({ label, of: holdings }: Connection): void {
    this.#byLabel.delete(label);
    holdings.connections -= 1;
    this.#places.release();
    if (holdings.connections === 0) this.#leaving.add(holdings);
    // Forgotten only now: an identity that returns at once still holds what is in progress.
    for (const leaving of this.#leaving) {
      const { submissions, unsentBytes, receivedBytes } = leaving;
      if (submissions > 0 || unsentBytes > 0 || receivedBytes > 0) continue;
      this.#leaving.delete(leaving);
      this.#byIdentity.delete(leaving.identity);
    }
    if (this.#byLabel.size > 0) return;
    for (const resolve of this.#waitingForNone.splice(0)) resolve();
  }
}

/** `role/name`; empty for none. */
export function identityName(identity: Identity | undefined): string {
  return identity === undefined ? '' : `${identity.role}/${identity.name}`;
}

/** Formats a peer for the log; a socket that is already gone has no address. */
export function formatAddress(address: string | undefined, port: number | undefined): string {
  if (address === undefined) return 'unknown';
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
