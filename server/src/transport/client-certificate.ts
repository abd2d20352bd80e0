import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { isSelfSigned, issuersOf, quoteName, validityProblem } from './certificate-chain.js';

/** What the certificates of a client tell about why it was refused. Names are quoted, for people. */
export interface ClientCertificates {
  /** The issuer of the last certificate that leads to an authority; undefined if that one is self-signed. */
  readonly missingIssuer: string | undefined;
  /** Whether the server trusts another authority of that name. */
  readonly nameIsTrusted: boolean;
  /** The issuer that has expired, or is not valid yet, though the client's own certificate is good. */
  readonly badIssuer: string | undefined;
}

/** Those of clients whose handshake is over. */
const certificates = new WeakMap<TLSSocket, X509Certificate>();

/**
 * Chooses HTTP/2 as the protocol, and notes the certificate of the client. Node closes a connection
 * that it refuses before it says so, and the certificate is gone then; but it calls this function on
 * the socket, before the end of the handshake. Should it no longer do so, the log says less.
 */
export function choosesHttp2(
  this: unknown,
  { protocols }: { readonly protocols: readonly string[] },
): string | undefined {
  if (this instanceof TLSSocket) {
    this.prependOnceListener('secure', () => {
      const certificate = this.getPeerX509Certificate();
      if (certificate !== undefined) certificates.set(this, certificate);
    });
  }
  return protocols.find((protocol) => protocol === 'h2');
}

/**
 * What a client showed that was refused.
 *
 * @param trusted the subjects of the authorities that the server trusts
 * @returns undefined if it showed nothing, or never got so far
 */
export function whatClientShowed(
  socket: TLSSocket,
  trusted: ReadonlySet<string>,
): ClientCertificates | undefined {
  const own = certificates.get(socket);
  if (own === undefined) return undefined;
  const issuers = issuersOf(own);
  const last = issuers.at(-1) ?? own;
  const bad = validityProblem(own) ? undefined : issuers.find((each) => validityProblem(each));
  return {
    missingIssuer: isSelfSigned(last) ? undefined : quoteName(last.issuer),
    nameIsTrusted: trusted.has(last.issuer),
    badIssuer: bad && quoteName(bad.subject),
  };
}
