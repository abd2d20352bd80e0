import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from '../observability/log.js';
import { atEnd, endOfCertificate } from './certificate-expiry.js';
import type { CertificateFiles, CertificateSet } from './certificate-files.js';
import { choosesHttp2, whatClientShowed } from './client-certificate.js';
import { formatAddress } from './connections.js';
import { type Identity, parseIdentity } from './identity.js';
import { rawSocketOf } from './internals/tls-socket.js';
import type { GrpcLimits } from './limits.js';
import { explainRefusal } from './refused-connection.js';

const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * Makes a TLS server that lets in clients with a certificate of the configured authority only, and
 * logs each refusal with its reason in one line.
 *
 * `rejectUnauthorized` has OpenSSL itself refuse a client without a certificate. Sessions are not
 * resumed: a resumed one would still be accepted after its certificate expired or its authority was
 * replaced. A connection ends when the client's certificate does. New certificates of the server are
 * used for later handshakes.
 *
 * Peers that connect and say nothing have no certificate that they could be held to. They must not
 * take the places of those who have one. So handshakes have places of their own, and the oldest gives
 * way to a newcomer.
 *
 * @param onConnection called after each accepted handshake, with an undefined identity if the certificate
 * carries none; if it returns a reason, the client is turned away for that reason
 */
export function createTlsServer(
  certificates: CertificateFiles,
  { maxConnections, maxHandshakes }: Pick<GrpcLimits, 'maxConnections' | 'maxHandshakes'>,
  log: Logger,
  onConnection: (socket: TLSSocket, identity: Identity | undefined) => string | undefined,
): Server {
  const server = createServer({
    ...secureContextOf(certificates.current),
    requestCert: true,
    rejectUnauthorized: true,
    ALPNCallback: choosesHttp2,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    noDelay: true,
  });
  const stop = certificates.onChange((set) => server.setSecureContext(secureContextOf(set)));
  server.once('close', stop);
  server.maxConnections = maxConnections + maxHandshakes;
  const peers = new WeakMap<object, string>();
  const handshakes = new Set<Socket>();
  const refused = (peer: string | undefined, reason: string): void =>
    log.warn({ peer, reason }, 'connection refused');

  // A socket that was refused has forgotten its peer, so it is noted before the handshake.
  server.prependListener('connection', (socket: Socket) => {
    peers.set(socket, formatAddress(socket.remoteAddress, socket.remotePort));
    socket.on('error', () => {});
    socket.once('close', () => handshakes.delete(socket));
    handshakes.add(socket);
    if (handshakes.size <= maxHandshakes) return;
    const [oldest] = handshakes;
    if (oldest !== undefined) handshakes.delete(oldest);
    oldest?.destroy();
    refused(peers.get(socket), 'too many handshakes: the oldest was broken off');
  });
  server.on('drop', (data) => {
    refused(formatAddress(data?.remoteAddress, data?.remotePort), 'too many connections');
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    const peer = peers.get(rawSocketOf(socket) ?? socket) ?? 'unknown';
    // Node's types call it an Error; it is the code of one.
    const wrong = (socket.authorizationError ?? undefined) as unknown as string | undefined;
    const shown = whatClientShowed(socket, certificates.current.ca);
    const { reason, harmless } = explainRefusal(error, wrong, shown);
    if (harmless) log.debug({ peer, reason }, 'connection refused');
    else refused(peer, reason);
    socket.destroy();
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const raw = rawSocketOf(socket);
    if (raw !== undefined) handshakes.delete(raw as Socket);
    socket.on('error', () => {});
    const peer = formatAddress(socket.remoteAddress, socket.remotePort);
    const turnAway = (reason: string): void => {
      refused(peer, reason);
      socket.destroy();
    };
    // No unauthorised socket gets here, but this check is what the whole server rests on.
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    if (certificate === undefined) return turnAway('no client certificate');
    if (socket.alpnProtocol !== 'h2') return turnAway('the client does not speak HTTP/2 (ALPN h2)');
    const identity = parseIdentity(certificate.subjectAltName);
    if (identity === undefined) {
      const reason = 'the client certificate has no identity spiffe://rostrum/<role>/<name>';
      log.warn({ peer, reason }, 'connection without an identity: its calls are refused');
    }
    const reason = onConnection(socket, identity);
    // Closed without an answer, which would cost what the refusal saves.
    if (reason !== undefined) return turnAway(reason);
    const stopWaiting = atEnd(endOfCertificate(certificate), () => {
      log.warn({ peer, reason: 'the client certificate has expired' }, 'connection closed');
      socket.destroy();
    });
    socket.once('close', stopWaiting);
  });
  return server;
}

function secureContextOf(certificates: CertificateSet) {
  return {
    ...certificates,
    minVersion: 'TLSv1.2' as const,
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
