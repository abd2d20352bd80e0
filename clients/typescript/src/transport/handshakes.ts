import type { Socket } from 'node:net';
import type { ChannelCredentials } from '@grpc/grpc-js';

/** A handshake that takes longer has failed; grpc-js would wait for ever. */
const HANDSHAKE_MS = 10_000;
/** Connections that are closed in order have so long to say so to the server. */
const CLOSE_MS = 500;

/**
 * Watches over the sockets of a channel. grpc-js lets go of one whose handshake is under way when
 * the channel closes, and waits without limit for a server that takes the connection and says nothing:
 * the process could not end.
 */
export class Handshakes {
  readonly #sockets = new Set<Socket>();
  readonly #shaking = new Set<Socket>();
  #ended = false;

  /** Returns the credentials, whose connections this watches from now on. */
  watch(credentials: ChannelCredentials): ChannelCredentials {
    const create = credentials._createSecureConnector.bind(credentials);
    credentials._createSecureConnector = (...args) => {
      const connector = create(...args);
      const connect = connector.connect.bind(connector);
      connector.connect = (socket) => this.#shake(socket, connect(socket));
      return connector;
    };
    return credentials;
  }

  /** The channel is closed: ends the handshakes now, and in a moment what is left of the rest. */
  end(): void {
    this.#ended = true;
    for (const socket of this.#shaking) socket.destroy();
    if (this.#sockets.size === 0) return;
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, CLOSE_MS);
    timer.unref();
  }

  async #shake<T>(socket: Socket, handshake: Promise<T>): Promise<T> {
    this.#sockets.add(socket);
    this.#shaking.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    let why = 'the connection ended before the handshake did';
    const timer = setTimeout(() => {
      why = `connect ETIMEDOUT: no handshake within ${HANDSHAKE_MS / 1000} s`;
      socket.destroy();
    }, HANDSHAKE_MS);
    timer.unref();
    if (this.#ended) socket.destroy();
    const lost = Promise.withResolvers<never>();
    const lose = (): void => lost.reject(new Error(why));
    socket.once('close', lose);
    try {
      return await Promise.race([handshake, lost.promise]);
    } finally {
      clearTimeout(timer);
      socket.off('close', lose);
      this.#shaking.delete(socket);
    }
  }
}
