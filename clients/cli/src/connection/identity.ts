import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

const IDENTITY = /URI:"?(spiffe:\/\/rostrum\/[^/",\s]+\/[^/",\s]+)/;

/**
 * The SAN URI of the certificate in `file`, `spiffe://rostrum/<role>/<name>`, for use in messages;
 * undefined when it has none or cannot be read.
 */
export function identityOf(file: string): string | undefined {
  try {
    return IDENTITY.exec(new X509Certificate(readFileSync(file)).subjectAltName ?? '')?.[1];
  } catch {
    return undefined;
  }
}
