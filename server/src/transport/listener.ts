import { lookup } from 'node:dns/promises';
import { type AddressInfo, isIP, type Server } from 'node:net';

/** Where a server listens. */
export interface ListenAddress {
  /** An IP address, or a name: then all its addresses are listened on. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** The addresses of a host; for `localhost` both loopback addresses, if there are two. */
export async function resolveHost(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

/**
 * Listens on each address of a host, at the same port.
 *
 * An address that the machine does not have, such as `::1` without IPv6, is skipped if another one
 * works.
 *
 * @throws Error if the port is taken on any address, or no address works
 */
export async function listenOnAll(
  addresses: readonly string[],
  port: number,
  createServer: () => Server,
): Promise<{ servers: Server[]; port: number }> {
  const servers: Server[] = [];
  let bound = port;
  let unavailable: unknown;
  for (const address of addresses) {
    const server = createServer();
    try {
      bound = await listen(server, address, bound);
      servers.push(server);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') {
        for (const other of servers) other.close();
        throw error;
      }
      unavailable = error;
    }
  }
  if (servers.length === 0) throw unavailable ?? new Error('no address to listen on');
  return { servers, port: bound };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
