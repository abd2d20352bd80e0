import { invalidOptions } from './errors/rostrum-error.js';
import { DEFAULT_RETRY, type RetryOptions, type RetrySettings } from './transport/backoff.js';
import { type LoadedTls, loadTls, type TlsOptions } from './transport/credentials.js';

export interface ClientOptions {
  /** `host:port` of the server. Default: environment `ROSTRUM_ADDRESS`, or `localhost:50051`. */
  readonly address?: string | undefined;
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

export interface ClientSettings {
  readonly address: string;
  /** Undefined for plaintext. */
  readonly tls: LoadedTls | undefined;
  readonly defaultDeadlineMs: number;
  readonly retry: RetrySettings;
}

/** Fills in the defaults. @throws INVALID_OPTIONS, CERTIFICATE_FILE_MISSING, CERTIFICATE_INVALID */
export function resolveOptions(options: ClientOptions): ClientSettings {
  // Installing it elsewhere only warns, and the first part to fail would be a watch.
  if (typeof Promise.withResolvers !== 'function') {
    throw invalidOptions(`@rostrum/client needs Node 22.12 or later; this is ${process.version}`);
  }
  const address = options.address ?? (process.env.ROSTRUM_ADDRESS || 'localhost:50051');
  if (!/^[^\s/]+:\d{1,5}$/.test(address)) {
    throw invalidOptions(`address ${JSON.stringify(address)} is not of the form host:port`);
  }
  return {
    address,
    tls: options.plaintext === true ? requireLoopback(address) : loadTls(tlsOptions(options)),
    defaultDeadlineMs: positive('defaultDeadlineMs', options.defaultDeadlineMs) ?? 10_000,
    retry: retrySettings(options.retry),
  };
}

function tlsOptions(options: ClientOptions): TlsOptions {
  if (options.tls) return options.tls;
  const { ROSTRUM_TLS_CA: ca, ROSTRUM_TLS_CERT: cert, ROSTRUM_TLS_KEY: key } = process.env;
  if (ca && cert && key) return { ca, cert, key };
  throw invalidOptions(
    'tls is missing: give ca, cert and key, or set ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT and ' +
      'ROSTRUM_TLS_KEY (after `npm start`: certs/dev/ca.crt, certs/dev/writer.crt, certs/dev/writer.key)',
  );
}

function requireLoopback(address: string): undefined {
  if (isLoopback(address)) return undefined;
  throw invalidOptions(`plaintext is only allowed to a loopback address, not to ${address}`);
}

/** Whether `host:port` names this machine by its loopback interface. */
export function isLoopback(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(':'));
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function retrySettings(retry: RetryOptions | false | undefined): RetrySettings {
  if (retry === false) return { ...DEFAULT_RETRY, maxAttempts: 1 };
  const initialBackoffMs =
    positive('retry.initialBackoffMs', retry?.initialBackoffMs) ?? DEFAULT_RETRY.initialBackoffMs;
  const maxBackoffMs =
    positive('retry.maxBackoffMs', retry?.maxBackoffMs) ?? DEFAULT_RETRY.maxBackoffMs;
  return {
    initialBackoffMs: Math.min(initialBackoffMs, maxBackoffMs),
    maxBackoffMs,
    maxAttempts: positive('retry.maxAttempts', retry?.maxAttempts) ?? DEFAULT_RETRY.maxAttempts,
  };
}

function positive(name: string, value: number | undefined): number | undefined {
  if (value === undefined || value > 0) return value;
  throw invalidOptions(`${name} must be greater than 0`);
}
