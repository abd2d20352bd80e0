import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { invalidOptions } from '../errors/rostrum-error.js';
import { type LoadedTls, loadTls, type PemSource, type TlsOptions } from './credentials.js';

/** Certificates and key, which may be renewed in their files while the client runs. */
export class Certificates {
  readonly serverName: string | undefined;
  readonly #options: TlsOptions;
  #loaded: LoadedTls;
  #state: string;

  /**
   * Reads them.
   * @throws INVALID_OPTIONS, CERTIFICATE_FILE_MISSING, CERTIFICATE_INVALID
   */
  constructor(options: TlsOptions) {
    this.serverName = options.serverName;
    for (const name of ['ca', 'cert', 'key'] as const) {
      const source = options[name];
      if (typeof source !== 'string' || !source.includes('-----BEGIN')) continue;
      // Not even as a path: it would stand in messages, and may be a key.
      throw invalidOptions(`tls.${name} holds PEM: give it as bytes, by Buffer.from, or a path`);
    }
    // The working directory may change.
    const absolute = (source: PemSource) => (typeof source === 'string' ? resolve(source) : source);
    const { ca, cert, key } = options;
    this.#options = { ...options, ca: absolute(ca), cert: absolute(cert), key: absolute(key) };
    this.#state = this.#stateOfFiles();
    this.#loaded = loadTls(this.#options);
  }

  /** As the files are now; while they cannot be used, such as half-way through being replaced, as they were. */
  current(): LoadedTls {
    const state = this.#stateOfFiles();
    if (state === this.#state) return this.#loaded;
    try {
      this.#loaded = loadTls(this.#options);
      this.#state = state;
    } catch {
      // The next connection looks again.
    }
    return this.#loaded;
  }

  #stateOfFiles(): string {
    return [this.#options.ca, this.#options.cert, this.#options.key]
      .map((source) => {
        if (typeof source !== 'string') return '';
        const found = statSync(source, { throwIfNoEntry: false });
        return found && `${found.ino} ${found.size} ${found.mtimeMs}`;
      })
      .join(', ');
  }
}
