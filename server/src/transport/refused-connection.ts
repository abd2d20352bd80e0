import type { ClientCertificates } from './client-certificate.js';

/** Why a connection was refused, in words for the log. */
export interface Refusal {
  readonly reason: string;
  /** Whether it is not worth a warning, such as a port probe that sends nothing. */
  readonly harmless: boolean;
}

const FOREIGN = 'the client certificate is from a foreign authority';
const EXPIRED = 'the client certificate has expired';
const EARLY = 'the client certificate is not valid yet';

/** What OpenSSL finds wrong with a client's certificate. */
export const CERTIFICATE_REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: EXPIRED,
  CERT_NOT_YET_VALID: EARLY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: FOREIGN,
  UNABLE_TO_GET_ISSUER_CERT: FOREIGN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: FOREIGN,
  SELF_SIGNED_CERT_IN_CHAIN: FOREIGN,
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the client certificate is self-signed',
  CERT_SIGNATURE_FAILURE: 'the signature of the client certificate is wrong',
  CERT_REVOKED: 'the client certificate is revoked',
  CERT_CHAIN_TOO_LONG: 'the chain of the client certificate is too long',
  INVALID_PURPOSE: 'the client certificate is not meant for clients',
  INVALID_CA: 'the issuer of the client certificate is no authority',
};

export const PROTOCOL_REASONS: Readonly<Record<string, string>> = {
  // Many clients send a certificate only if one of the authorities that the server names issued it.
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    'no client certificate, or none of an authority that the server trusts',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'the client does not speak HTTP/2 (ALPN h2)',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the client wants a TLS version below 1.2',
  ERR_SSL_HTTP_REQUEST: 'plaintext HTTP instead of TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'plaintext or garbage instead of TLS',
  ERR_SSL_NO_SHARED_CIPHER: 'the client shares no cipher with the server',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'the handshake took too long',
};

/** What a client sends before it leaves, such as `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`. */
const ALERT = /^ERR_SSL_.*_ALERT_(\w+)$/;

/**
 * Explains a failed handshake.
 *
 * @param authorizationError what was wrong with the client's certificate, if that was the cause; the
 * error itself then only says that the connection was closed
 * @param shown what the client's certificates reveal, if they are known
 */
export function explainRefusal(
  { code, message }: { readonly code?: string | undefined; readonly message: string },
  authorizationError?: string,
  shown?: ClientCertificates,
): Refusal {
  if (authorizationError !== undefined) {
    const reason = CERTIFICATE_REASONS[authorizationError];
    const plain = reason ?? `the client certificate is not acceptable (${authorizationError})`;
    return { reason: explainIssuer(plain, shown), harmless: false };
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return { reason: 'the client went away during the handshake', harmless: true };
  }
  const alert = ALERT.exec(code ?? '')?.[1]
    ?.toLowerCase()
    .replaceAll('_', ' ');
  if (alert !== undefined) {
    const distrust = /certificate|unknown ca/.test(alert);
    const what = distrust ? 'the client does not trust the server' : 'the client broke off';
    return { reason: `${what} (${alert})`, harmless: false };
  }
  const reason = code === undefined ? undefined : PROTOCOL_REASONS[code];
  return { reason: reason ?? `the handshake failed (${code ?? message})`, harmless: false };
}

/** The reason, with the issuer to blame for it, if there is one. */
function explainIssuer(reason: string, shown: ClientCertificates | undefined): string {
  if (reason === EXPIRED && shown?.badIssuer !== undefined) {
    return `${shown.badIssuer}, which issued the client certificate, has expired`;
  }
  if (reason === EARLY && shown?.badIssuer !== undefined) {
    return `${shown.badIssuer}, which issued the client certificate, is not valid yet`;
  }
  if (reason !== FOREIGN || shown?.missingIssuer === undefined) return reason;
  const missing = shown.nameIsTrusted
    ? `it names ${shown.missingIssuer} as its issuer, and the server trusts another one of that name`
    : `neither the server nor the client has the certificate of ${shown.missingIssuer}, which issued it; if that is an intermediate, the client must send it`;
  return `${reason}: ${missing}`;
}
