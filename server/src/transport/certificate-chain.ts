import { type KeyObject, X509Certificate } from 'node:crypto';

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const MAX_NAME_LENGTH = 120;
/** OpenSSL does not go further either. */
const MAX_ISSUERS = 100;

/**
 * The certificates of a PEM file, in its order.
 *
 * @throws Error when one cannot be read, or there is none
 */
export function parseCertificates(pem: string): X509Certificate[] {
  // Without a match the parser says what is wrong.
  return (pem.match(PEM) ?? [pem]).map((each) => new X509Certificate(each));
}

/** A certificate's subject or issuer for people, such as `"O=Games, CN=Authority"`. Strangers choose it. */
export function quoteName(name: string | undefined): string {
  const line = (name ?? '').replaceAll('\n', ', ');
  return JSON.stringify(
    line.length > MAX_NAME_LENGTH ? `${line.slice(0, MAX_NAME_LENGTH)}…` : line,
  );
}

/** Whether `issuer` issued `certificate`, by its names and its signature. */
function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** The known issuers of a peer's certificate, each followed by its own. */
export function issuersOf(certificate: X509Certificate): X509Certificate[] {
  const issuers: X509Certificate[] = [];
  let issuer = certificate.issuerCertificate;
  while (issuer !== undefined && issuers.length < MAX_ISSUERS) {
    issuers.push(issuer);
    issuer = issuer.issuerCertificate;
  }
  return issuers;
}

export function isSelfSigned(certificate: X509Certificate): boolean {
  return hasIssued(certificate, certificate);
}

/** Why a certificate is not valid now; undefined if it is. */
export function validityProblem(certificate: X509Certificate): string | undefined {
  const now = Date.now();
  if (certificate.validToDate.getTime() <= now) return `expired on ${certificate.validTo}`;
  if (certificate.validFromDate.getTime() > now)
    return `is not valid before ${certificate.validFrom}`;
  return undefined;
}

/** The server's certificates in the order in which they are sent. */
export interface ServerChain {
  /** The server's own, then the issuer of each one before, as far as the file has them. */
  readonly path: readonly X509Certificate[];
  /** Other issuers of these, such as one of two that sign each other's authorities. */
  readonly others: readonly X509Certificate[];
}

/**
 * Finds the certificate that belongs to the server's key, and puts its issuers in order. If the file
 * has two issuers for the same place, one that is valid now goes first.
 *
 * @throws Error when the key belongs to none, or a certificate belongs to no other
 */
export function orderChain(certificates: readonly X509Certificate[], key: KeyObject): ServerChain {
  const own = certificates.find((each) => each.checkPrivateKey(key));
  if (own === undefined) {
    throw new Error('the private key does not belong to the server certificate');
  }
  const path = [own];
  const rest = new Map(certificates.map((each) => [each.fingerprint256, each]));
  rest.delete(own.fingerprint256);
  for (let last = own; !isSelfSigned(last); ) {
    const issuers = [...rest.values()].filter((each) => hasIssued(each, last));
    const issuer = issuers.find((each) => validityProblem(each) === undefined) ?? issuers[0];
    if (issuer === undefined) break;
    rest.delete(issuer.fingerprint256);
    path.push(issuer);
    last = issuer;
  }
  const others = [...rest.values()];
  for (const each of others) {
    if (certificates.some((other) => other !== each && hasIssued(each, other))) continue;
    throw new Error(
      `${quoteName(each.subject)} in the file of the server certificate issued none of the others there: one between them is missing, or it does not belong there`,
    );
  }
  return { path, others };
}

/** @throws Error when a certificate that leads from the server to its authority is not valid now */
export function checkValidity({ path }: ServerChain): void {
  path.forEach((certificate, index) => {
    const problem = validityProblem(certificate);
    if (problem === undefined) return;
    const kind = isSelfSigned(certificate) ? 'authority' : 'intermediate';
    const issuer = `the ${kind} ${quoteName(certificate.subject)} of the server certificate`;
    throw new Error(`${index === 0 ? 'the server certificate' : issuer} ${problem}`);
  });
}

/**
 * Checks the authorities that client certificates may come from. Some may have expired, as when one
 * replaces another.
 *
 * @throws Error if one is no authority, if no client could come from it, or if none is valid now
 */
export function checkAuthorities(authorities: readonly X509Certificate[]): void {
  for (const { ca, subject } of authorities) {
    if (ca) continue;
    throw new Error(`the authority is not a certificate of an authority: ${quoteName(subject)}`);
  }
  const rooted = rootedOf(authorities);
  for (const each of authorities) {
    if (rooted.has(each)) continue;
    throw new Error(
      `the authority ${quoteName(each.subject)} is an intermediate; put the certificate of ${quoteName(each.issuer)}, which issued it, into the file too: a client is trusted only up to a self-signed authority`,
    );
  }
  const problems = authorities.map(validityProblem);
  if (problems.includes(undefined)) return;
  throw new Error(`the authority ${quoteName(authorities[0]?.subject)} ${problems[0]}`);
}

/** Those that lead, by issuers among them, to a self-signed one. */
function rootedOf(authorities: readonly X509Certificate[]): ReadonlySet<X509Certificate> {
  const rooted = new Set(authorities.filter(isSelfSigned));
  const isSame = (a: X509Certificate, b: X509Certificate) =>
    a.subject === b.subject && a.publicKey.equals(b.publicKey);
  // Iteration over a Set includes what is added meanwhile.
  for (const issuer of rooted) {
    for (const each of authorities) {
      // A root may be listed once self-signed and once signed by another root.
      if (hasIssued(issuer, each) || isSame(issuer, each)) rooted.add(each);
    }
  }
  return rooted;
}
