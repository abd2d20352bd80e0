import { join } from 'node:path';
import { inject } from 'vitest';

/** Paths of a certificate, its key, and the authority to check the server with. */
export interface CertificateFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The files of one identity that `certs/` made for this run. */
export function testCertificates(name: 'server' | 'admin' | 'writer' | 'reader'): CertificateFiles {
  const file = (base: string) => join(inject('certificatesDirectory'), base);
  return { ca: file('ca.crt'), cert: file(`${name}.crt`), key: file(`${name}.key`) };
}
