import type { X509Certificate } from 'node:crypto';
import { issuersOf } from './certificate-chain.js';

/** Looking again at least this often does with timers of 32 bits, and with clocks that are set. */
const LOOK_MS = 60 * 60 * 1000;
/**
 * When a certificate stops to be accepted, in milliseconds since 1970: as soon as it or one of its
 * issuers expires.
 */
export function endOfCertificate(certificate: X509Certificate): number {
  const all = [certificate, ...issuersOf(certificate)];
  return Math.min(...all.map(({ validToDate }) => validToDate.getTime()));
}

/**
 * Calls `listener` once when the clock has reached `endMs`, however far away that is.
 *
 * @returns the way to stop
 */
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
