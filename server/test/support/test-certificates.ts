import { join } from 'node:path';
import { inject } from 'vitest';

/** Paths of a certificate, its key, and the authority to check the server with. */
export interface CertificateFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * `foreign` comes from another authority, `expired` ended yesterday, `early` begins tomorrow,
 * `roleless` has no SPIFFE name, and `stranger` has one with a role that does not exist.
 */
export type TestIdentity =
  | 'server'
  | 'admin'
  | 'writer'
  | 'reader'
  | 'foreign'
  | 'expired'
  | 'early'
  | 'roleless'
  | 'stranger';

/** The files of one identity that was made for this run. */
export function testCertificates(name: TestIdentity): CertificateFiles {
  const file = (base: string) => join(inject('certificatesDirectory'), base);
  return { ca: file('ca.crt'), cert: file(`${name}.crt`), key: file(`${name}.key`) };
}
