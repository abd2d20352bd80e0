import { isIPv6, SocketAddress } from 'node:net';
import type { experimental } from '@grpc/grpc-js';
import type { ServerAddress } from './server-address.js';

/** One server by one or several IP addresses, the first of which that answers is used. */
export interface ResolvedServer {
  readonly address: ServerAddress;
  readonly ips: readonly string[];
}

/** Which address led to which server: a server's certificate must be for the address it was given by. */
export class ResolvedServers {
  readonly addresses: readonly ServerAddress[];
  #latest = new Map<string, ServerAddress>();
  /** With those of the answer before, to which connections may just be under way. */
  #known = new Map<string, ServerAddress>();

  constructor(addresses: readonly ServerAddress[]) {
    this.addresses = addresses;
  }

  /** Notes what the names stand for now. Returns it for grpc-js, each server once. */
  update(servers: readonly ResolvedServer[]): experimental.Endpoint[] {
    const latest = new Map<string, ServerAddress>();
    const endpoints: experimental.Endpoint[] = [];
    for (const { address, ips } of servers) {
      const fresh = ips.filter((ip) => !latest.has(keyOf(ip, address.port)));
      for (const ip of fresh) latest.set(keyOf(ip, address.port), address);
      const addresses = fresh.map((host) => ({ host, port: address.port }));
      if (addresses.length > 0) endpoints.push({ addresses });
    }
    this.#known = new Map([...this.#latest, ...latest]);
    this.#latest = latest;
    return endpoints;
  }

  /** The address that led to this peer; undefined for one that none led to. */
  addressOf(ip: string | undefined, port: number | undefined): ServerAddress | undefined {
    // Through a proxy the peer is the proxy, which is used for a single address only.
    if (this.addresses.length === 1) return this.addresses[0];
    return ip === undefined || port === undefined ? undefined : this.#known.get(keyOf(ip, port));
  }
}

/** One form for the many ways to write an IPv6 address. */
function keyOf(ip: string, port: number): string {
  const [address = '', zone = ''] = ip.split('%');
  const canonical = isIPv6(address)
    ? new SocketAddress({ address, family: 'ipv6' }).address
    : address;
  return `${canonical}%${zone} ${port}`;
}
