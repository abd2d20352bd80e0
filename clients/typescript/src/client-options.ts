import { positiveOption } from './errors/positive-option.js';
import { keysOf, requireKnownOptions } from './errors/require-known-keys.js';
import { invalidOptions, RostrumError } from './errors/rostrum-error.js';
import { DEFAULT_RETRY, type RetryOptions, type RetrySettings } from './transport/backoff.js';
import { Certificates } from './transport/certificates.js';
import type { TlsOptions } from './transport/credentials.js';
import {
  DEVELOPMENT_ADDRESS,
  isLoopback,
  parseAddresses,
  type ServerAddress,
} from './transport/server-address.js';

/** How a client reaches its servers; all of it has defaults. */
export interface ClientOptions {
  /**
   * `host:port` of the server; of several, a list, or one string with commas between. A host name
   * may stand for several servers as well. Calls are spread over all of them, and go on with the
   * others while one is away. Default: environment `ROSTRUM_ADDRESS`, or `localhost:50051`.
   */
  readonly address?: string | readonly string[] | undefined;
  /**
   * The client's certificate and the authority to trust. Default: the files named by the
   * environment's `ROSTRUM_TLS_CA`, `ROSTRUM_TLS_CERT` and `ROSTRUM_TLS_KEY`.
   */
  readonly tls?: TlsOptions | undefined;
  /** Speaks without TLS. Only allowed to a loopback address, for measuring what TLS costs. */
  readonly plaintext?: boolean | undefined;
  /** The deadline of unary calls that name none, in milliseconds. Default: 10,000. */
  readonly defaultDeadlineMs?: number | undefined;
  /** How unary calls are retried and streams opened again; false never retries a unary call. */
  readonly retry?: RetryOptions | false | undefined;
}

const CLIENT_OPTIONS = keysOf<ClientOptions>({
  address: true,
  tls: true,
  plaintext: true,
  defaultDeadlineMs: true,
  retry: true,
});
const TLS_OPTIONS = keysOf<TlsOptions>({ ca: true, cert: true, key: true, serverName: true });
const RETRY_OPTIONS = keysOf<RetryOptions>({
  initialBackoffMs: true,
  maxBackoffMs: true,
  maxAttempts: true,
});

export interface ClientSettings {
  /** At least one, none twice. */
  readonly addresses: readonly ServerAddress[];
  /** All of them as text, for messages. */
  readonly address: string;
  /** Undefined for plaintext. */
  readonly tls: Certificates | undefined;
  readonly defaultDeadlineMs: number;
  readonly retry: RetrySettings;
}

/** Fills in the defaults. @throws NODE_TOO_OLD, INVALID_OPTIONS, CERTIFICATE_FILE_MISSING, CERTIFICATE_INVALID */
export function resolveOptions(options: ClientOptions): ClientSettings {
  // Installing it elsewhere only warns, and the first part to fail would be a watch.
  if (typeof Promise.withResolvers !== 'function') {
    throw new RostrumError(
      'FAILED_PRECONDITION',
      'NODE_TOO_OLD',
      `@rostrum/client needs Node 22.12 or later; this is ${process.version}`,
    );
  }
  requireKnownOptions(CLIENT_OPTIONS, options);
  const addresses = parseAddresses(
    options.address ?? (process.env.ROSTRUM_ADDRESS || DEVELOPMENT_ADDRESS),
  );
  return {
    addresses,
    address: addresses.map(({ text }) => text).join(', '),
    tls:
      options.plaintext === true
        ? requireLoopback(addresses)
        : new Certificates(tlsOptions(options, addresses)),
    defaultDeadlineMs: positiveOption('defaultDeadlineMs', options.defaultDeadlineMs) ?? 10_000,
    retry: retrySettings(options.retry),
  };
}

function tlsOptions(options: ClientOptions, addresses: readonly ServerAddress[]): TlsOptions {
  const { tls } = options;
  requireKnownOptions(TLS_OPTIONS, tls, 'options.tls');
  if (tls !== undefined) {
    const lacking = (['ca', 'cert', 'key'] as const).filter((part) => !isPem(tls[part]));
    if (lacking.length === 0) return tls;
    const parts = lacking.map((part) => `options.tls.${part}`).join(', ');
    throw invalidOptions(`${parts}: give each as the path of a PEM file, or its content as bytes`);
  }
  const { ROSTRUM_TLS_CA: ca, ROSTRUM_TLS_CERT: cert, ROSTRUM_TLS_KEY: key } = process.env;
  if (ca && cert && key) return { ca, cert, key };
  const isDevelopment = addresses.every(({ text }) => text === DEVELOPMENT_ADDRESS);
  const made = ' (after `npm start`: certs/dev/ca.crt, certs/dev/writer.crt, certs/dev/writer.key)';
  throw invalidOptions(
    'tls is missing: give ca, cert and key, or set ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT and ' +
      `ROSTRUM_TLS_KEY${isDevelopment ? made : ''}`,
  );
}

function isPem(source: unknown): boolean {
  return source instanceof Uint8Array || (typeof source === 'string' && source !== '');
}

function requireLoopback(addresses: readonly ServerAddress[]): undefined {
  const far = addresses.find((address) => !isLoopback(address));
  if (far === undefined) return undefined;
  throw invalidOptions(`plaintext is only allowed to a loopback address, not to ${far.text}`);
}

function retrySettings(retry: RetryOptions | false | undefined): RetrySettings {
  requireKnownOptions(RETRY_OPTIONS, retry || undefined, 'options.retry');
  if (retry === false) return { ...DEFAULT_RETRY, maxAttempts: 1 };
  const initialBackoffMs =
    positiveOption('retry.initialBackoffMs', retry?.initialBackoffMs) ??
    DEFAULT_RETRY.initialBackoffMs;
  const maxBackoffMs =
    positiveOption('retry.maxBackoffMs', retry?.maxBackoffMs) ?? DEFAULT_RETRY.maxBackoffMs;
  return {
    initialBackoffMs: Math.min(initialBackoffMs, maxBackoffMs),
    maxBackoffMs,
    maxAttempts:
      positiveOption('retry.maxAttempts', retry?.maxAttempts) ?? DEFAULT_RETRY.maxAttempts,
  };
}
