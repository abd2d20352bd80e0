import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ClientSettings } from '../client-options.js';
import { RostrumError } from '../errors/rostrum-error.js';
import type { LoadedTls } from './credentials.js';
import { DEVELOPMENT_ADDRESS, isIpAddress, type ServerAddress } from './server-address.js';

/** What an attempt to connect found out. */
export interface Diagnosis {
  readonly error: RostrumError;
  /** `no`: trying again cannot help. `doubtful`: it looks so, and a dying server looks the same. */
  readonly mendable: 'yes' | 'no' | 'doubtful';
}

/** So long the server may be silent: whoever waits has waited for a deadline already. */
const TIMEOUT_MS = 1_000;

/** What the server's certificate may lack, by the error code of Node and OpenSSL. */
const SERVER_CERTIFICATE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is not for this host',
  CERT_SIGNATURE_FAILURE: 'is not issued by the configured authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is not issued by the configured authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'is not issued by the configured authority',
  UNABLE_TO_GET_ISSUER_CERT: 'is not issued by the configured authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'is not issued by the configured authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'is not issued by the configured authority',
};

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the host name cannot be resolved now',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
};

/**
 * Connects once to each server, beside grpc-js, to learn why it cannot: grpc-js tells only in message
 * texts. Undefined when a connection works, or the client is closed meanwhile.
 */
export async function diagnose(
  { addresses, tls: certificates }: ClientSettings,
  closing: AbortSignal,
): Promise<Diagnosis | undefined> {
  const tls = certificates?.current();
  const all = await Promise.all(addresses.map((address) => diagnoseOne(address, tls, closing)));
  const [first, ...others] = all.filter((diagnosis) => diagnosis !== undefined);
  if (!first || others.length + 1 < all.length) return undefined;
  if (others.length === 0) return first;
  // The most hopeful one decides: while one server may come back, trying again may help.
  const mendable = (['yes', 'doubtful', 'no'] as const).find((hope) =>
    [first, ...others].some((diagnosis) => diagnosis.mendable === hope),
  ) as Diagnosis['mendable'];
  const { error } =
    [first, ...others].find((diagnosis) => diagnosis.mendable === mendable) ?? first;
  const message = [first, ...others].map((diagnosis) => diagnosis.error.message).join('; ');
  return { error: new RostrumError(error.code, error.reason, message, { cause: error }), mendable };
}

function diagnoseOne(
  address: ServerAddress,
  tls: LoadedTls | undefined,
  closing: AbortSignal,
): Promise<Diagnosis | undefined> {
  const { host, port } = address;
  return new Promise((resolve) => {
    const socket = tls
      ? connectTls({
          host,
          port,
          secureContext: tls.context,
          servername: tls.serverName ?? (isIpAddress(address) ? '' : host),
          ALPNProtocols: ['h2'],
        })
      : connectTcp({ host, port });
    let connected = false;
    let secured = false;
    const abandon = (): void => finish(undefined);
    const finish = (diagnosis: Diagnosis | undefined): void => {
      closing.removeEventListener('abort', abandon);
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
      resolve(diagnosis);
    };
    closing.addEventListener('abort', abandon);
    socket.setTimeout(TIMEOUT_MS, () => {
      if (connected) finish(silent(address.text, tls));
      else finish(unreachable(address.text, 'ETIMEDOUT'));
    });
    socket.on('connect', () => {
      connected = true;
    });
    socket.on('secureConnect', () => {
      secured = true;
    });
    // With TLS 1.3 the server judges our certificate after the handshake is over for us: only its
    // first bytes, the HTTP/2 settings, say that it let us in.
    socket.on('data', abandon);
    socket.on('error', (error) => finish(explain(address.text, tls, error, secured)));
    socket.on('close', () => finish(explain(address.text, tls, undefined, secured)));
  });
}

function explain(
  address: string,
  tls: LoadedTls | undefined,
  error: NodeJS.ErrnoException | undefined,
  secured: boolean,
): Diagnosis {
  const code = error?.code ?? 'closed';
  if (!tls) return unreachable(address, code, error);
  const fault = SERVER_CERTIFICATE[code];
  if (fault !== undefined) {
    const message = `the certificate of the server at ${address} ${fault}`;
    return refused(message, code, 'no', tls.hint, error);
  }
  if (hasExpired(tls) && (secured || code.includes('_ALERT_'))) {
    return refused(expiryOf(tls), code, 'no', tls.hint, error);
  }
  if (code.includes('_ALERT_')) {
    const message = `the server at ${address} refuses the client certificate`;
    return refused(message, code, 'no', tls.hint, error);
  }
  if (secured) {
    const message = `the server at ${address} closes the connection after the TLS handshake: it probably refuses the client certificate, or has as many connections of this identity as it allows`;
    return refused(message, code, 'doubtful', tls.hint, error);
  }
  return unreachable(address, code, error);
}

/**
 * What to say of a connection that worked and cannot be made again, if the client's own certificate has expired
 * meanwhile. It may yet be renewed.
 */
export function ownExpiry({ tls }: ClientSettings): RostrumError | undefined {
  const present = tls?.current();
  if (present === undefined || !hasExpired(present)) return undefined;
  return refused(expiryOf(present), 'CERT_HAS_EXPIRED', 'yes', present.hint, undefined).error;
}

function hasExpired({ validTo }: LoadedTls): boolean {
  return validTo.getTime() < Date.now();
}

function expiryOf({ validTo }: LoadedTls): string {
  return `the client certificate expired at ${validTo.toISOString()}`;
}

function refused(
  message: string,
  code: string,
  mendable: Diagnosis['mendable'],
  hint: string,
  cause: unknown,
): Diagnosis {
  const text = `${message} (${code})${hint}`;
  const error = new RostrumError('UNAUTHENTICATED', 'CERTIFICATE_REFUSED', text, { cause });
  return { error, mendable };
}

function unreachable(address: string, code: string, cause?: unknown): Diagnosis {
  return { error: cannotReach(address, code, cause), mendable: 'yes' };
}

function silent(address: string, tls: LoadedTls | undefined): Diagnosis {
  const why = tls ? '' : ': does it want TLS? This client speaks plaintext';
  const text = `something listens at ${address} and gives no answer (ETIMEDOUT)${why}`;
  return { error: new RostrumError('UNAVAILABLE', 'CONNECTION_FAILED', text), mendable: 'yes' };
}

/** What to say when the server takes no further connection for streams beside the one of unary calls. */
export function cannotReachAgain(address: string, cause: unknown): RostrumError {
  const text = `the server at ${address} closes further connections, beside one that works: it probably has as many of this identity as it allows`;
  return new RostrumError('UNAVAILABLE', 'CONNECTION_FAILED', text, { cause });
}

/** What to say when no connection can be made. `code`: the error code of Node's sockets. */
export function cannotReach(address: string, code: string, cause?: unknown): RostrumError {
  const why = NETWORK[code] ?? 'the connection fails';
  const hint =
    address === DEVELOPMENT_ADDRESS
      ? '; start one with `npm start`, or name another with ROSTRUM_ADDRESS'
      : '';
  const text = `cannot reach a Rostrum server at ${address}: ${why} (${code})${hint}`;
  return new RostrumError('UNAVAILABLE', 'CONNECTION_FAILED', text, { cause });
}
