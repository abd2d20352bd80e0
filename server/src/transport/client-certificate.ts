import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import {
  isSelfSigned,
  issuersOf,
  parseCertificates,
  quoteName,
  validityProblem,
} from './certificate-chain.js';

/** What a client's certificates reveal about why it was refused. Names are quoted, for people. */
export interface ClientCertificates {
  /** The issuer of the last certificate that leads to an authority; undefined if that one is self-signed. */
  readonly missingIssuer: string | undefined;
  /** Whether the server trusts another authority of that name. */
  readonly nameIsTrusted: boolean;
  /** An issuer that is not valid now, although the client's own certificate is. */
  readonly badIssuer: string | undefined;
}

/** Those of clients whose handshake is over. */
const certificates = new WeakMap<TLSSocket, X509Certificate>();

/**
 * Chooses HTTP/2 as the protocol, and remembers the client's certificate. Node closes a refused
 * connection before it reports that, and the certificate is gone then. But it calls this function with
 * the socket as `this` before the handshake ends. If it ever stops doing so, the log says less.
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
 * What a refused client showed.
 *
 * @param authorities those that the server trusts, PEM
 * @returns undefined if it showed nothing, or never got so far
 */
export function whatClientShowed(
  socket: TLSSocket,
  authorities: string,
): ClientCertificates | undefined {
  const own = certificates.get(socket);
  if (own === undefined) return undefined;
  const issuers = issuersOf(own);
  const last = issuers.at(-1) ?? own;
  const bad = validityProblem(own) ? undefined : issuers.find((each) => validityProblem(each));
  return {
    missingIssuer: isSelfSigned(last) ? undefined : quoteName(last.issuer),
    nameIsTrusted: parseCertificates(authorities).some(({ subject }) => subject === last.issuer),
    badIssuer: bad && quoteName(bad.subject),
  };
}
