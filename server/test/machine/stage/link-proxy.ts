import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * What a link does with its connections:
 *   pass      carries bytes
 *   cut       resets what is open, and each new connection as soon as it is made
 *   refuse    resets what is open and takes no new connection
 *   hole      accepts and swallows: nothing arrives, in either direction
 *   hole-out  what the server sends is swallowed
 *   hole-in   what the store answers is swallowed, and from the first of it on everything
 *   deaf      what the store answers is swallowed, and what it is sent arrives; resets what is open after it
 *   slow      each piece arrives late
 *   frozen    what is open now is swallowed for ever, new connections pass: a peer that vanished
 */
export type LinkMode =
  | 'pass'
  | 'cut'
  | 'refuse'
  | 'hole'
  | 'hole-out'
  | 'hole-in'
  | 'deaf'
  | 'slow'
  | 'frozen';

const SLOW_MS = 60;

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Swallowed for ever: bytes were lost, so nothing sensible can follow. */
  dead: boolean;
}

/** A TCP link on a port of its own, from one server to one store, that can be broken and moved. */
export class LinkProxy {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #mode: LinkMode = 'pass';
  #target: number;
  #port = 0;
  readonly #abandoned: 'ends' | 'stays';
  /** What is held back, in order. */
  #held: (() => void)[] | undefined;

  /**
   * @param target the port on 127.0.0.1 that it leads to
   * @param abandoned what the store sees of a frozen connection that the server closes: its end, or
   * nothing until the proxy closes
   */
  static async open(target: number, abandoned: 'ends' | 'stays' = 'ends'): Promise<LinkProxy> {
    const proxy = new LinkProxy(target, abandoned);
    await proxy.#listen();
    return proxy;
  }

  private constructor(target: number, abandoned: 'ends' | 'stays') {
    this.#target = target;
    this.#abandoned = abandoned;
    this.#server = createServer((client) => this.#accept(client));
  }

  get port(): number {
    return this.#port;
  }

  get mode(): LinkMode {
    return this.#mode;
  }

  async set(mode: LinkMode): Promise<void> {
    const before = this.#mode;
    this.#mode = mode;
    if (before === 'refuse' && mode !== 'refuse') await this.#listen();
    if (mode === 'cut' || mode === 'refuse' || before === 'deaf') this.#resetAll();
    if (mode === 'refuse' && before !== 'refuse') {
      await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    }
    if (mode === 'frozen') for (const connection of this.#connections) connection.dead = true;
    // Bytes are missing from the middle of these: TCP would have resent them or given up.
    if (mode === 'pass' && before.startsWith('hole')) this.#resetAll((each) => each.dead);
  }

  /** Holds back what the server sends, whatever else the link does, until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const send of held) send();
  }

  /** Leads to another port from now on. What is open is reset, or lives on unheard (`frozen`). */
  move(target: number, open: 'reset' | 'frozen'): void {
    this.#target = target;
    if (open === 'reset') this.#resetAll();
    else for (const connection of this.#connections) connection.dead = true;
  }

  /** One connection is swallowed for ever, the one that the store sees coming from this port. */
  freeze(storesPort: number): void {
    for (const connection of this.#connections) {
      if (connection.upstream.localPort === storesPort) connection.dead = true;
    }
  }

  /** Resets what is left from before: a kernel that gave up at last. */
  resetDead(): void {
    this.#resetAll((each) => each.dead);
  }

  async close(): Promise<void> {
    this.#resetAll();
    if (this.#server.listening) {
      await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    }
  }

  async #listen(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      this.#server.listen(this.#port, '127.0.0.1');
      try {
        await once(this.#server, 'listening');
        break;
      } catch (error) {
        // While it was closed, somebody's outgoing connection may have got the port.
        if (attempt === 50) throw error;
        await delay(100);
      }
    }
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #accept(client: Socket): void {
    client.on('error', () => {});
    if (this.#mode === 'cut') {
      client.resetAndDestroy();
      return;
    }
    client.setNoDelay(true);
    const upstream = connect({ host: '127.0.0.1', port: this.#target, noDelay: true });
    upstream.on('error', () => {});
    const connection: Connection = { client, upstream, dead: false };
    this.#connections.add(connection);
    this.#carry(connection, client, upstream, 'hole-out');
    this.#carry(connection, upstream, client, 'hole-in');
    // A socket that both have left, or that has nobody behind it, ends; a dead one stays silent.
    client.on('close', () => {
      if (connection.dead && this.#abandoned === 'stays') return;
      upstream.destroy();
      this.#connections.delete(connection);
    });
    upstream.on('close', () => {
      if (connection.dead) return;
      client.resetAndDestroy();
    });
  }

  #carry(connection: Connection, from: Socket, to: Socket, hole: LinkMode): void {
    let late = 0;
    from.on('data', (bytes: Buffer) => {
      if (this.#mode === 'hole' || this.#mode === hole) connection.dead = true;
      if (connection.dead || (this.#mode === 'deaf' && hole === 'hole-in')) return;
      if (this.#held !== undefined && hole === 'hole-out') {
        this.#held.push(() => to.write(bytes));
        return;
      }
      // What comes behind something late is late too: bytes keep their order.
      if (this.#mode === 'slow' || late > 0) {
        late += 1;
        setTimeout(() => {
          late -= 1;
          if (!connection.dead) to.write(bytes);
        }, SLOW_MS);
        return;
      }
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
    from.on('end', () => {
      if (!connection.dead && this.#mode !== 'hole' && this.#mode !== hole) to.end();
    });
  }

  #resetAll(only: (connection: Connection) => boolean = () => true): void {
    for (const connection of [...this.#connections]) {
      if (!only(connection)) continue;
      this.#connections.delete(connection);
      connection.client.resetAndDestroy();
      connection.upstream.destroy();
    }
  }
}
