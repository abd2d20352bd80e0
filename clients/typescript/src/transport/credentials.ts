import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { invalidOptions, RostrumError } from '../errors/rostrum-error.js';
import { readSmallFile, UnsuitableFile } from './small-file.js';

/** The path of a PEM file of at most 1 MiB, or its content. */
export type PemSource = string | Uint8Array;

/** Who the client is and whom it trusts. */
export interface TlsOptions {
  /** The certificate of the authority that issued the server's certificate. */
  readonly ca: PemSource;
  /** The client's certificate, with any intermediate certificates after it. */
  readonly cert: PemSource;
  /** The client's private key. */
  readonly key: PemSource;
  /** The name to expect in the server's certificate, where it is not the host of the address. */
  readonly serverName?: string | undefined;
}

export interface LoadedTls {
  readonly context: SecureContext;
  readonly serverName: string | undefined;
  /** When the client's certificate ends. */
  readonly validTo: Date;
  /** What makes certificates such as these; empty unless they are those of a checkout. */
  readonly hint: string;
}

const DEVELOPMENT = /[\\/]certs[\\/]dev[\\/][^\\/]+$/;

/**
 * Reads certificates and key.
 * @throws INVALID_OPTIONS, CERTIFICATE_FILE_MISSING, CERTIFICATE_INVALID
 */
export function loadTls(options: TlsOptions): LoadedTls {
  const { serverName } = options;
  if (serverName !== undefined && isIP(serverName) !== 0) {
    throw invalidOptions(
      `tls.serverName ${serverName} is an IP address, which no server can be asked for; leave it out where the address is the one to check`,
    );
  }
  const ca = readPem('ca', options.ca, 'CERTIFICATE');
  const cert = readPem('cert', options.cert, 'CERTIFICATE');
  const key = readPem('key', options.key, 'PRIVATE KEY');
  attempt('ca', options.ca, () => new X509Certificate(ca));
  const certificate = attempt('cert', options.cert, () => new X509Certificate(cert));
  const privateKey = attempt('key', options.key, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw invalid(`${label('key', options.key)} does not belong to ${label('cert', options.cert)}`);
  }
  const context = attempt('cert', options.cert, () =>
    createSecureContext({ ca, cert, key, minVersion: 'TLSv1.2' }),
  );
  const validTo = new Date(certificate.validTo);
  const hints = [options.ca, options.cert, options.key].map(developmentHint);
  return { context, serverName, validTo, hint: hints.find((hint) => hint !== '') ?? '' };
}

/** @param content what a PEM file calls it; such as EC PRIVATE KEY is one too */
function readPem(name: string, source: PemSource, content: string): Buffer {
  const bytes = typeof source === 'string' ? readFile(name, source) : Buffer.from(source);
  if (!bytes.includes(`${content}-----`)) {
    throw invalid(
      `${label(name, source)} is none: a PEM file with -----BEGIN ${content}----- is needed`,
    );
  }
  return bytes;
}

function readFile(name: string, path: string): Buffer {
  try {
    return readSmallFile(path);
  } catch (cause) {
    if (cause instanceof UnsuitableFile) {
      throw invalid(`${label(name, path)} cannot be used: ${cause.message}`, cause);
    }
    throw new RostrumError(
      'FAILED_PRECONDITION',
      'CERTIFICATE_FILE_MISSING',
      `cannot read ${label(name, path)} (${errorCode(cause)})${developmentHint(path)}`,
      { metadata: { path }, cause },
    );
  }
}

function developmentHint(source: PemSource): string {
  const isDevelopment = typeof source === 'string' && DEVELOPMENT.test(resolve(source));
  return isDevelopment
    ? '; development certificates are made by `npm start`, or by `npm run certs`'
    : '';
}

function attempt<T>(name: string, source: PemSource, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw invalid(`${label(name, source)} cannot be used: ${(cause as Error).message}`, cause);
  }
}

function invalid(message: string, cause?: unknown): RostrumError {
  return new RostrumError('FAILED_PRECONDITION', 'CERTIFICATE_INVALID', message, { cause });
}

const KINDS: Record<string, string> = {
  ca: 'the authority certificate',
  cert: 'the client certificate',
  key: 'the client key',
};

function label(name: string, source: PemSource): string {
  return typeof source === 'string'
    ? `${KINDS[name]} ${resolve(source)}`
    : `${KINDS[name]} (tls.${name})`;
}

function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
