import { RostrumClient, type TlsOptions } from '@rostrum/client';

/** Spreads its calls over all servers of a service, and goes on while one of them is away. */
export async function connectToAll(addresses: readonly string[], tls: TlsOptions) {
  // Also: 'a.example:50051,b.example:50051', or one name that stands for all of them.
  const client = RostrumClient.connect({ address: addresses, tls });
  await client.waitForReady(); // one of them is enough
  return client;
}
