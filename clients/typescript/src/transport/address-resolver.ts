import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { type ChannelOptions, experimental, status } from '@grpc/grpc-js';
import type { ResolvedServer, ResolvedServers } from './resolved-servers.js';
import { isIpAddress, type ServerAddress } from './server-address.js';

const SCHEME = 'rostrum';
/** The channel option that carries what the resolver resolves; none of the connections' business. */
const SERVERS = `${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.rostrum_servers`;

/** The least time between two look-ups, also of names that are not found, in milliseconds. */
const LEAST_MS = 1_000;
/** How often names are looked up anew while all is well, to find servers that were added. */
const REFRESH_MS = 30_000;

/** What to make a channel with, so that it finds its servers by `AddressResolver`. */
export function channelTarget(servers: ResolvedServers): {
  readonly target: string;
  readonly options: ChannelOptions;
} {
  const path = servers.addresses.map(({ text }) => text).join(',');
  return { target: `${SCHEME}:${path}`, options: { [SERVERS]: servers } };
}

/**
 * Tells grpc-js where the servers are: those of all addresses together. Calls go to one after the
 * other of the servers that are connected (round_robin); a single server is simply kept (pick_first).
 */
class AddressResolver implements experimental.Resolver {
  readonly #listener: experimental.ResolverListener;
  readonly #servers: ResolvedServers;
  #told: string | undefined;
  #looking = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  /** Counts up when what is under way must not be told any more. */
  #life = 0;

  constructor(
    _target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    options: ChannelOptions,
  ) {
    this.#listener = listener;
    this.#servers = options[SERVERS] as ResolvedServers;
  }

  /** Of several, the first stands for all in the `:authority` of calls. */
  static getDefaultAuthority({ path }: experimental.GrpcUri): string {
    return path.split(',')[0] ?? path;
  }

  updateResolution(): void {
    if (this.#looking) return;
    // IP addresses stay what they are.
    if (this.#told !== undefined && this.#servers.addresses.every(isIpAddress)) return;
    const waitMs = this.#lookedAt + LEAST_MS - performance.now();
    if (waitMs > 0) this.#lookLater(waitMs);
    else void this.#look();
  }

  destroy(): void {
    this.#life += 1;
    this.#told = undefined;
    this.#looking = false;
    clearTimeout(this.#timer);
  }

  #lookLater(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), ms);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const life = this.#life;
    this.#looking = true;
    const { addresses } = this.#servers;
    const answers = await Promise.allSettled(addresses.map(resolve));
    if (life !== this.#life) return;
    this.#looking = false;
    this.#lookedAt = performance.now();
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const failed = answers.find((answer) => answer.status === 'rejected');
    if (found.length > 0) this.#tell(found);
    else if (this.#told === undefined) this.#tellFailure(failed?.reason);
    if (failed) this.#lookLater(LEAST_MS);
    else if (!addresses.every(isIpAddress)) this.#lookLater(REFRESH_MS);
  }

  #tell(found: readonly ResolvedServer[]): void {
    const text = JSON.stringify(found);
    if (text === this.#told) return;
    this.#told = text;
    const endpoints = this.#servers.update(found);
    const policy = endpoints.length > 1 ? 'round_robin' : 'pick_first';
    const config = { loadBalancingConfig: [{ [policy]: {} }], methodConfig: [] };
    const { statusOrFromValue } = experimental;
    this.#listener(statusOrFromValue(endpoints), {}, statusOrFromValue(config), '');
  }

  #tellFailure(cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    const details = `No connection established. Last error: ${why}`;
    const failure = experimental.statusOrFromError<experimental.Endpoint[]>({
      code: status.UNAVAILABLE,
      details,
    });
    this.#listener(failure, {}, null, '');
  }
}

/**
 * The servers behind one address. A name with IPv4 and IPv6 addresses stands for as many servers as
 * it has of the kind of which it has more: the two kinds are two ways to the same machines.
 */
async function resolve(address: ServerAddress): Promise<ResolvedServer[]> {
  if (isIpAddress(address)) return [{ address, ips: [address.host] }];
  const ips = (await lookup(address.host, { all: true })).map((answer) => answer.address);
  const firstIsV6 = isIPv6(ips[0] ?? '');
  // In one order whatever the order of the answers, so that the same servers stay together.
  const first = ips.filter((ip) => isIPv6(ip) === firstIsV6).sort();
  const second = ips.filter((ip) => isIPv6(ip) !== firstIsV6).sort();
  return Array.from({ length: Math.max(first.length, second.length) }, (_, index) => ({
    address,
    ips: [first[index], second[index]].filter((ip) => ip !== undefined),
  }));
}

experimental.registerResolver(SCHEME, AddressResolver);
