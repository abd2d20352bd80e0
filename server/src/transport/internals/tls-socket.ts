import type { TLSSocket } from 'node:tls';

/** The TCP socket under a TLS one. Without it the log cannot name a peer that was refused. */
export function rawSocketOf(socket: TLSSocket): object | undefined {
  return (socket as unknown as { _parent?: object })._parent;
}
