import { duplexPair } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'node:tls';

/** A server's certificates and the one that its trial client trusts, PEM. */
export interface TrialCertificates {
  readonly cert: string;
  readonly key: string;
  /** Need not be self-signed. */
  readonly trusted: string;
}

/**
 * Shakes hands with oneself in memory: OpenSSL knows more reasons to refuse a certificate than could
 * be listed here, such as its usage, the limits of its issuers, or a weak key.
 *
 * @throws Error with the code of OpenSSL, when a client that trusts `trusted` would refuse the server
 */
export async function trialHandshake({ cert, key, trusted }: TrialCertificates): Promise<void> {
  const [near, far] = duplexPair();
  const server = new TLSSocket(far, {
    isServer: true,
    secureContext: createSecureContext({ cert, key }),
  });
  server.on('error', () => {});
  const client = connect({
    socket: near,
    secureContext: createSecureContext({ ca: trusted, allowPartialTrustChain: true }),
    // Clients know the server by names that it does not know.
    checkServerIdentity: () => undefined,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('secureConnect', resolve);
      client.once('error', reject);
      client.once('close', () => reject(new Error('the handshake broke off')));
    });
  } finally {
    client.on('error', () => {});
    client.destroy();
    server.destroy();
  }
}
