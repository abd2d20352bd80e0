import { duplexPair } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'node:tls';

/**
 * Makes a handshake with itself in memory: OpenSSL knows more reasons to refuse a certificate than
 * could be listed here, such as its usage, the limits of its issuers, or a weak key. All are PEM.
 *
 * @param trusted what the trial client trusts; it need not be self-signed
 * @throws Error with the code of OpenSSL if the client would refuse the server
 */
export async function trialHandshake(cert: string, key: string, trusted: string): Promise<void> {
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
