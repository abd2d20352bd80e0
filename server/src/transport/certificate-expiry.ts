import type { X509Certificate } from 'node:crypto';
import { issuersOf } from './certificate-chain.js';

/** Looking again this often copes with clocks that are set, and with the 24 days that a timer can wait. */
const LOOK_MS = 60 * 60 * 1000;

/** When a certificate or the first of its issuers expires, in milliseconds since 1970. */
export function endOfCertificate(certificate: X509Certificate): number {
  const all = [certificate, ...issuersOf(certificate)];
  return Math.min(...all.map(({ validToDate }) => validToDate.getTime()));
}

/** Calls `listener` once when the clock reaches `endMs`, however far away that is. Returns how to stop. */
export function atEnd(endMs: number, listener: () => void): () => void {
  let timer: NodeJS.Timeout;
  const look = () => {
    const left = endMs - Date.now();
    if (left <= 0) listener();
    else timer = setTimeout(look, Math.min(left, LOOK_MS)).unref();
  };
  timer = setTimeout(look, Math.max(0, Math.min(endMs - Date.now(), LOOK_MS))).unref();
  return () => clearTimeout(timer);
}
