import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Logger } from '../observability/log.js';

const DEFAULT_POLL_MS = 5_000;

export interface CertificatePaths {
  /** Authorities that client certificates may come from, PEM; several may follow each other. */
  readonly ca: string;
  /** The server's certificate, followed by its intermediates if there are any, PEM. */
  readonly cert: string;
  /** The private key of the server's certificate, PEM. */
  readonly key: string;
}

/** What a TLS listener needs, PEM. */
export interface CertificateSet {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * The certificates of the server, read from files and read again when they change.
 *
 * Looking every few seconds finds a change however it was made: by rename, in place, or by swapping
 * a link in a mounted volume, where file notifications are lost. A set that does not fit together,
 * as while files are being replaced, is reported once and the one in use stays.
 */
export class CertificateFiles {
  readonly #paths: CertificatePaths;
  readonly #log: Logger;
  readonly #listeners = new Set<(set: CertificateSet) => void>();
  #current: CertificateSet;
  /** The last content that was looked at, good or bad. */
  #seen: string;
  #timer: NodeJS.Timeout | undefined;

  private constructor(paths: CertificatePaths, set: CertificateSet, log: Logger) {
    this.#paths = paths;
    this.#current = set;
    this.#seen = fingerprint(set);
    this.#log = log;
  }

  /** @throws Error that says which file is missing or what does not fit together. */
  static async open(paths: CertificatePaths, log: Logger): Promise<CertificateFiles> {
    const set = await readSet(paths);
    checkCertificates(set);
    return new CertificateFiles(paths, set, log);
  }

  get current(): CertificateSet {
    return this.#current;
  }

  /** Calls `listener` with each new set. Returns the way to stop. */
  onChange(listener: (set: CertificateSet) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks for changes from now on; a server that listens with these files starts it. */
  watch(pollMs: number = DEFAULT_POLL_MS): void {
    this.stop();
    const look = async () => {
      await this.reload();
      if (this.#timer !== undefined) this.#timer = setTimeout(look, pollMs).unref();
    };
    this.#timer = setTimeout(look, pollMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Looks for a change now. Returns whether a new set is in use. Never rejects. */
  async reload(): Promise<boolean> {
    let set: CertificateSet;
    try {
      set = await readSet(this.#paths);
    } catch (error) {
      this.#refuse(`unreadable: ${messageOf(error)}`, error);
      return false;
    }
    const seen = fingerprint(set);
    if (seen === this.#seen) return false;
    try {
      checkCertificates(set);
      for (const listener of this.#listeners) listener(set);
    } catch (error) {
      this.#refuse(seen, error);
      return false;
    }
    this.#seen = seen;
    this.#current = set;
    this.#log.info({ validTo: new X509Certificate(set.cert).validTo }, 'certificates replaced');
    return true;
  }

  #refuse(seen: string, error: unknown): void {
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#log.warn({ reason: messageOf(error) }, 'new certificates refused; the old ones stay');
  }
}

async function readSet(paths: CertificatePaths): Promise<CertificateSet> {
  const [ca, cert, key] = await Promise.all([
    readFile(paths.ca, 'utf8'),
    readFile(paths.cert, 'utf8'),
    readFile(paths.key, 'utf8'),
  ]);
  return { ca, cert, key };
}

/** @throws Error when the certificates are not such that a server could use them. */
export function checkCertificates(set: CertificateSet): void {
  const certificate = parse('the server certificate', () => new X509Certificate(set.cert));
  const key = parse('the private key', () => createPrivateKey(set.key));
  const authority = parse('the authority', () => new X509Certificate(set.ca));
  if (!certificate.checkPrivateKey(key)) {
    throw new Error('the private key does not belong to the server certificate');
  }
  if (!authority.ca) throw new Error('the authority is not a certificate of an authority');
  if (Date.parse(certificate.validTo) <= Date.now()) {
    throw new Error(`the server certificate expired on ${certificate.validTo}`);
  }
  createSecureContext({ ...set });
}

function parse<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${what} is not valid PEM`, { cause: error });
  }
}

function fingerprint(set: CertificateSet): string {
  return `${set.ca}\n${set.cert}\n${set.key}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
