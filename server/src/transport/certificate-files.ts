import { createPrivateKey, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Logger } from '../observability/log.js';
import {
  checkAuthorities,
  checkValidity,
  orderChain,
  parseCertificates,
} from './certificate-chain.js';
import { readSmallFile } from './small-file.js';
import { trialHandshake } from './trial-handshake.js';

const DEFAULT_POLL_MS = 5_000;

export interface CertificatePaths {
  /** Authorities that client certificates may come from, PEM; several may follow each other. */
  readonly ca: string;
  /** The server's certificate and its intermediates if there are any, in any order, PEM. */
  readonly cert: string;
  /** The private key of the server's certificate, PEM. */
  readonly key: string;
}

/** What a TLS listener needs, PEM; the server's certificate comes before its intermediates. */
export interface CertificateSet {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * The certificates of the server, read from files and read again when they change.
 *
 * Polling finds every change: by rename, in place, or by swapping a link in a mounted volume, where
 * file notifications get lost. A set that does not fit together, as while files are being replaced, is
 * reported once, and the one in use stays. It is tried again each time, because one that is not valid
 * yet, by a clock that is a little behind, will be soon.
 */
export class CertificateFiles {
  readonly #listeners = new Set<(set: CertificateSet) => void>();
  #current: CertificateSet;
  /** The content of the files that is in use. */
  #used: string;
  /** What was refused last, and why. It is tried again but not reported again. */
  #refused: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly paths: CertificatePaths,
    private readonly log: Logger,
    read: CertificateSet,
    used: CertificateSet,
  ) {
    this.#current = used;
    this.#used = fingerprint(read);
  }

  /** @throws Error that says which file is missing or what does not fit together. */
  static async open(paths: CertificatePaths, log: Logger): Promise<CertificateFiles> {
    const set = await readSet(paths);
    return new CertificateFiles(paths, log, set, await checkCertificates(set));
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
    let content = 'unreadable';
    try {
      const read = await readSet(this.paths);
      content = fingerprint(read);
      if (content !== this.#used) await this.#use(read);
    } catch (error) {
      this.#refuse(content, error);
      return false;
    }
    this.#refused = undefined;
    const isNew = content !== this.#used;
    this.#used = content;
    return isNew;
  }

  async #use(read: CertificateSet): Promise<void> {
    const set = await checkCertificates(read);
    for (const listener of this.#listeners) listener(set);
    this.#current = set;
    this.log.info({ validTo: new X509Certificate(set.cert).validTo }, 'certificates replaced');
  }

  #refuse(content: string, error: unknown): void {
    const refused = `${content}\n${messageOf(error)}`;
    if (refused === this.#refused) return;
    this.#refused = refused;
    this.log.warn({ reason: messageOf(error) }, 'new certificates refused; the old ones stay');
  }
}

async function readSet(paths: CertificatePaths): Promise<CertificateSet> {
  const [ca, cert, key] = await Promise.all([
    readSetting('ROSTRUM_TLS_CA', paths.ca),
    readSetting('ROSTRUM_TLS_CERT', paths.cert),
    readSetting('ROSTRUM_TLS_KEY', paths.key),
  ]);
  return { ca, cert, key };
}

/** @throws Error that names the setting, and the file wherever the server was started */
async function readSetting(name: string, path: string): Promise<string> {
  try {
    return await readSmallFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Error(`${name}: cannot read ${resolve(path)} (${code ?? message})`, { cause });
  }
}

/**
 * Checks that the certificates fit together, that a client which trusts the server's last issuer would
 * accept the server, and that client certificates can come from the authorities.
 *
 * @returns the same, with the server's certificate first and each of the others before its issuer
 * @throws Error that says what is wrong with which
 */
async function checkCertificates({ ca, cert, key }: CertificateSet): Promise<CertificateSet> {
  const certificates = parse('the server certificate', () => parseCertificates(cert));
  const privateKey = parse('the private key', () => createPrivateKey(key));
  const authorities = parse('the authority', () => parseCertificates(ca));
  const chain = orderChain(certificates, privateKey);
  checkValidity(chain);
  checkAuthorities(authorities);
  const set = { ca, cert: [...chain.path, ...chain.others].join(''), key };
  createSecureContext({ ...set });
  const trusted = String(chain.path.at(-1));
  await trialHandshake(set.cert, key, trusted).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === undefined ? error.message : `${error.message} (${error.code})`;
    throw new Error(`clients would refuse the server certificate: ${why}`, { cause: error });
  });
  return set;
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
