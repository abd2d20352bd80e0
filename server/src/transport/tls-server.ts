import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from '../observability/log.js';
import { parseCertificates } from './certificate-chain.js';
import { atEnd, endOfCertificate } from './certificate-expiry.js';
import type { CertificateSet } from './certificate-files.js';
import { choosesHttp2, whatClientShowed } from './client-certificate.js';
import { formatAddress } from './connections.js';
import { type Identity, parseIdentity } from './identity.js';
import { rawSocketOf } from './internals/tls-socket.js';
import { explainRefusal } from './refused-connection.js';

const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * Hears of each client whose handshake was accepted; identity is undefined for a role-less one.
 * If it returns a reason, the client is turned away for it.
 */
export type ConnectionListener = (
  socket: TLSSocket,
  identity: Identity | undefined,
) => string | undefined;

export interface TlsLimits {
  /** Beyond it, new connections are closed unheard. */
  readonly maxConnections: number;
  /** Handshakes that may be under way. One takes some milliseconds. */
  readonly maxHandshakes: number;
}

/**
 * Makes a TLS server that lets in clients with a certificate of the configured authority only, and
 * logs each refusal with its reason in one line.
 *
 * `rejectUnauthorized` has OpenSSL itself refuse a client without a certificate. Sessions are not
 * resumed: a resumed one would be accepted by what was true of its certificate when it began, also
 * after that expired or the authority was replaced. A connection ends when the client's certificate
 * does.
 *
 * Peers that connect and say nothing have no certificate that they could be held to. They must not
 * take the places of those who have one, so handshakes have places of their own, and whoever has taken
 * longest gives way to a newcomer.
 *
 */
export function createTlsServer(
  certificates: CertificateSet,
  limits: TlsLimits,
  log: Logger,
  onConnection: ConnectionListener,
): Server {
  const server = createServer({
    ...secureContextOf(certificates),
    requestCert: true,
    rejectUnauthorized: true,
    ALPNCallback: choosesHttp2,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    noDelay: true,
  });
  authorityNames.set(server, namesOf(certificates));
  const { maxConnections, maxHandshakes } = limits;
  server.maxConnections = maxConnections + maxHandshakes;
  const peers = new WeakMap<object, string>();
  const handshakes = new Set<Socket>();

  // A socket that was refused has forgotten its peer, so it is noted before the handshake.
  server.prependListener('connection', (socket: Socket) => {
    peers.set(socket, formatAddress(socket.remoteAddress, socket.remotePort));
    socket.on('error', () => {});
    socket.once('close', () => handshakes.delete(socket));
    handshakes.add(socket);
    if (handshakes.size <= maxHandshakes) return;
    for (const oldest of handshakes) {
      handshakes.delete(oldest);
      oldest.destroy();
      break;
    }
    const peer = peers.get(socket);
    log.warn(
      { peer, reason: 'too many handshakes: the oldest was broken off' },
      'connection refused',
    );
  });
  server.on('drop', (data) => {
    const peer = formatAddress(data?.remoteAddress, data?.remotePort);
    log.warn({ peer, reason: 'too many connections' }, 'connection refused');
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    const peer = peers.get(rawSocketOf(socket) ?? socket) ?? 'unknown';
    // Node's types call it an Error; it is the code of one.
    const wrong = (socket.authorizationError ?? undefined) as unknown as string | undefined;
    const shown = whatClientShowed(socket, authorityNames.get(server) ?? new Set());
    const { reason, harmless } = explainRefusal(error, wrong, shown);
    if (harmless) log.debug({ peer, reason }, 'connection refused');
    else log.warn({ peer, reason }, 'connection refused');
    socket.destroy();
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const raw = rawSocketOf(socket);
    if (raw !== undefined) handshakes.delete(raw as Socket);
    socket.on('error', () => {});
    const peer = formatAddress(socket.remoteAddress, socket.remotePort);
    // Not reached by an unauthorised socket; the check is the promise itself, so it stands here.
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    if (certificate === undefined || socket.alpnProtocol !== 'h2') {
      const reason =
        certificate === undefined
          ? 'no client certificate'
          : 'the client does not speak HTTP/2 (ALPN h2)';
      log.warn({ peer, reason }, 'connection refused');
      socket.destroy();
      return;
    }
    const identity = parseIdentity(certificate.subjectAltName);
    if (identity === undefined) {
      const reason = 'the client certificate has no identity spiffe://rostrum/<role>/<name>';
      log.warn({ peer, reason }, 'connection without an identity: its calls are refused');
    }
    const reason = onConnection(socket, identity);
    if (reason !== undefined) {
      // Closed rather than answered: an answer would take what is to be spared.
      log.warn({ peer, reason }, 'connection refused');
      socket.destroy();
      return;
    }
    const stop = atEnd(endOfCertificate(certificate), () => {
      log.warn({ peer, reason: 'the client certificate has expired' }, 'connection closed');
      socket.destroy();
    });
    socket.once('close', stop);
  });
  return server;
}

/** Puts new certificates to use for the handshakes that follow; open connections stay. */
export function replaceCertificates(server: Server, certificates: CertificateSet): void {
  server.setSecureContext(secureContextOf(certificates));
  authorityNames.set(server, namesOf(certificates));
}

function secureContextOf(certificates: CertificateSet) {
  return {
    ca: certificates.ca,
    cert: certificates.cert,
    key: certificates.key,
    minVersion: 'TLSv1.2' as const,
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** The subjects of the authorities that a server trusts. */
const authorityNames = new WeakMap<Server, ReadonlySet<string>>();

function namesOf({ ca }: CertificateSet): ReadonlySet<string> {
  return new Set(parseCertificates(ca).map(({ subject }) => subject));
}
