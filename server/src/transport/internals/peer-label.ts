export interface SocketAddresses {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/**
 * Has grpc-js take a label for the address of a peer: `call.getPeer()` gives it. grpc-js reads the
 * addresses from the fields of the socket, which are overlaid; that also saves it four getters of the
 * operating system a call.
 */
export function labelPeer(socket: SocketAddresses, label: string): void {
  overlay(socket, 'remoteAddress', label);
  overlay(socket, 'remotePort', undefined);
  overlay(socket, 'localAddress', socket.localAddress);
  overlay(socket, 'localPort', socket.localPort);
}

function overlay(socket: object, name: string, value: unknown): void {
  Object.defineProperty(socket, name, { value, configurable: true, enumerable: false });
}
