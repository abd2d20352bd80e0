import 'reflect-metadata';
import { KeyObject, randomBytes, type webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Certificates start a little in the past, for machines whose clocks are behind. */
const CLOCK_SKEW_MS = 5 * 60 * 1000;
const CA_DAYS = 3650;
const IDENTITY_DAYS = 365;

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Validity {
  /** Default: five minutes ago. */
  readonly notBefore?: Date;
  /** Default: ten years from now for an authority, one year for an identity. */
  readonly notAfter?: Date;
}

export interface AuthorityRequest extends Validity {
  /** How many intermediate authorities may follow one another below it. Default: none. */
  readonly intermediates?: number;
}

export interface IdentityRequest extends Validity {
  /** The common name; for people only. */
  readonly commonName: string;
  /** URI names, such as `spiffe://rostrum/writer/game-1`. None makes a certificate without a role. */
  readonly uris?: readonly string[];
  /** DNS names and IP addresses, for servers. */
  readonly hosts?: readonly string[];
  /** What the certificate may be used for. */
  readonly usage: 'client' | 'server' | 'both';
}

/** An authority that issues certificates (ECDSA P-256). */
export class Authority {
  readonly pair: KeyPair;
  readonly #certificate: x509.X509Certificate;
  readonly #signingKey: webcrypto.CryptoKey;

  private constructor(
    pair: KeyPair,
    certificate: x509.X509Certificate,
    signingKey: webcrypto.CryptoKey,
  ) {
    this.pair = pair;
    this.#certificate = certificate;
    this.#signingKey = signingKey;
  }

  static async create(commonName: string, request: AuthorityRequest = {}): Promise<Authority> {
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: nameOf(commonName),
      ...datesOf(request, CA_DAYS),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: await authorityExtensions(keys, request.intermediates ?? 0),
    });
    return new Authority(pairOf(certificate, keys), certificate, keys.privateKey);
  }

  /** An intermediate authority, whose certificate this one issues. */
  async createIntermediate(commonName: string, request: AuthorityRequest = {}): Promise<Authority> {
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: nameOf(commonName),
      issuer: this.#certificate.subject,
      ...datesOf(request, CA_DAYS),
      publicKey: keys.publicKey,
      signingKey: this.#signingKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        ...(await authorityExtensions(keys, request.intermediates ?? 0)),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
      ],
    });
    return new Authority(pairOf(certificate, keys), certificate, keys.privateKey);
  }

  /** The same intermediate authority with a new certificate: its name and its key stay. */
  async renewIntermediate(old: Authority, request: AuthorityRequest = {}): Promise<Authority> {
    const { publicKey, subject } = old.#certificate;
    const extensions = old.#certificate.extensions;
    const certificate = await x509.X509CertificateGenerator.create({
      ...{ serialNumber: serialNumber(), subject, issuer: this.#certificate.subject },
      ...datesOf(request, CA_DAYS),
      ...{ publicKey, signingKey: this.#signingKey, signingAlgorithm: ALGORITHM, extensions },
    });
    const pair = { certificate: `${certificate.toString('pem')}\n`, key: old.pair.key };
    return new Authority(pair, certificate, old.#signingKey);
  }

  /** An authority from its PEM files. @throws Error when they are not a certificate and its key. */
  static async load(pair: KeyPair): Promise<Authority> {
    const signingKey = await crypto.subtle.importKey(
      'pkcs8',
      x509.PemConverter.decodeFirst(pair.key),
      ALGORITHM,
      false,
      ['sign'],
    );
    return new Authority(pair, new x509.X509Certificate(pair.certificate), signingKey);
  }

  async issue(request: IdentityRequest): Promise<KeyPair> {
    const keys = await generateKeys();
    const names: x509.JsonGeneralName[] = [
      ...(request.uris ?? []).map((value) => ({ type: 'url' as const, value })),
      ...(request.hosts ?? []).map((value) => ({
        type: isIpAddress(value) ? ('ip' as const) : ('dns' as const),
        value,
      })),
    ];
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: nameOf(request.commonName),
      issuer: this.#certificate.subject,
      ...datesOf(request, IDENTITY_DAYS),
      publicKey: keys.publicKey,
      signingKey: this.#signingKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(usagesOf(request.usage)),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
      ],
    });
    return pairOf(certificate, keys);
  }
}

async function authorityExtensions(
  keys: webcrypto.CryptoKeyPair,
  intermediates: number,
): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, intermediates, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
  ];
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function pairOf(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair): KeyPair {
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return { certificate: `${certificate.toString('pem')}\n`, key: key.toString() };
}

/** Sixteen random bytes, positive and without a leading zero, as RFC 5280 wants. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function nameOf(commonName: string): x509.JsonName {
  return [{ O: ['Rostrum'] }, { CN: [commonName] }];
}

function datesOf(validity: Validity, days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return {
    notBefore: validity.notBefore ?? new Date(now - CLOCK_SKEW_MS),
    notAfter: validity.notAfter ?? new Date(now + days * DAY_MS),
  };
}

function usagesOf(usage: IdentityRequest['usage']): string[] {
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  if (usage === 'both') return [serverAuth, clientAuth];
  return [usage === 'client' ? clientAuth : serverAuth];
}

function isIpAddress(value: string): boolean {
  return /^[0-9.]+$/.test(value) || value.includes(':');
}
