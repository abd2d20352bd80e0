import { type ChannelOptions, Client, connectivityState, credentials } from '@grpc/grpc-js';
import type { ClientSettings } from '../client-options.js';
import { channelTarget } from './address-resolver.js';
import { Handshakes } from './handshakes.js';
import { ResolvedServers } from './resolved-servers.js';
import { isLoopback } from './server-address.js';
import { serverCredentials } from './server-credentials.js';

const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/** A grpc-js client of its own: one connection to each server, shared with no other channel. */
export class Channel {
  readonly client: Client;
  readonly #handshakes = new Handshakes();

  constructor(settings: ClientSettings) {
    const servers = new ResolvedServers(settings.addresses);
    const { target, options } = channelTarget(servers);
    const channelCredentials = settings.tls
      ? serverCredentials(settings.tls, servers)
      : credentials.createInsecure();
    this.client = new Client(target, this.#handshakes.watch(channelCredentials), {
      ...channelOptions(settings),
      ...options,
    });
  }

  /** Whether there is a connection now; begins to connect if there is none. */
  isReady(): boolean {
    return this.client.getChannel().getConnectivityState(true) === connectivityState.READY;
  }

  /** Whether a call got a connection to be sent over: until then, its peer is what the channel looks for. */
  wasSent(call: { getPeer(): string }): boolean {
    const peer = call.getPeer();
    return peer !== this.client.getChannel().getTarget() && peer !== 'unknown';
  }

  /** Closes its connections. Its calls must have ended. */
  close(): void {
    this.client.close();
    this.#handshakes.end();
  }
}

function channelOptions({ addresses, tls, retry }: ClientSettings): ChannelOptions {
  // A proxy from the environment has no way to this machine's loopback interface, and grpc-js has no
  // way through one to several addresses.
  const direct = addresses.length > 1 || addresses.every(isLoopback);
  return {
    ...(tls?.serverName === undefined ? {} : { 'grpc.default_authority': tls.serverName }),
    // Two clients of one process must not share a connection: they may be different identities, and
    // closing one would leave the other's connection open. Nor may two channels of one client, which
    // are there to have more connections.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_channelz': 0,
    // This client retries by itself; grpc-js would do it once more behind its back.
    'grpc.enable_retries': 0,
    ...(direct ? { 'grpc.enable_http_proxy': 0 } : {}),
    // A server that hangs or vanished without a word is found out within the sum of both, while calls
    // with the default deadline can still be made to another.
    'grpc.keepalive_time_ms': 4_000,
    'grpc.keepalive_timeout_ms': 4_000,
    // A server that was restarted is found again within about a second.
    'grpc.initial_reconnect_backoff_ms': Math.min(100, retry.maxBackoffMs),
    'grpc.max_reconnect_backoff_ms': retry.maxBackoffMs,
    'grpc.max_receive_message_length': MAX_RESPONSE_BYTES,
  };
}
