/**
 * Makes the development authority and identities. `certs/README.md` tells more.
 *
 * Usage: npm run certs -- [--out certs/dev] [--force] [--host name]... [--identity role/name]...
 */
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Authority, type IdentityRequest, type KeyPair } from './authority.ts';

const RENEW_BEFORE_MS = 30 * 24 * 60 * 60 * 1000;
const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '::1'];

export interface GenerateOptions {
  /** Make everything anew, also what is still good. */
  readonly force?: boolean;
  /** More DNS names and IP addresses of the server, besides those of loopback. */
  readonly hosts?: readonly string[];
  /** More identities, as `role/name`; each is written to `<name>.crt` and `<name>.key`. */
  readonly identities?: readonly string[];
}

export interface GeneratedCertificates {
  readonly directory: string;
  readonly authority: Authority;
  /** The names of what was made in this run, such as `ca` and `server`; empty if all was good. */
  readonly made: readonly string[];
}

/**
 * Makes sure that `directory` holds `ca.crt`, `ca.key` and a `.crt` and `.key` each for server,
 * admin, writer and reader. What is there is kept while it is valid for another 30 days, comes from
 * this authority, and names all the hosts; the rest is made. Keys are readable by their owner only.
 */
export async function generateCertificates(
  directory: string,
  options: GenerateOptions = {},
): Promise<GeneratedCertificates> {
  mkdirSync(directory, { recursive: true });
  const made: string[] = [];
  let authority = options.force ? undefined : await loadAuthority(directory);
  if (authority === undefined) {
    authority = await Authority.create('Rostrum development authority');
    writePair(directory, 'ca', authority.pair);
    made.push('ca');
  }
  const hosts = [...new Set([...LOOPBACK_HOSTS, ...(options.hosts ?? [])])];
  for (const [name, request] of wantedIdentities(hosts, options.identities ?? [])) {
    if (!options.force && isGood(directory, name, request, authority)) continue;
    writePair(directory, name, await authority.issue(request));
    made.push(name);
  }
  return { directory, authority, made };
}

function wantedIdentities(
  hosts: readonly string[],
  more: readonly string[],
): Map<string, IdentityRequest> {
  const wanted = new Map<string, IdentityRequest>();
  wanted.set('server', {
    commonName: 'rostrum server',
    uris: ['spiffe://rostrum/server/server'],
    hosts,
    usage: 'server',
  });
  for (const identity of ['admin/admin', 'writer/writer', 'reader/reader', ...more]) {
    const match = /^(admin|writer|reader)\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})$/.exec(identity);
    const name = match?.[2];
    if (name === undefined || name === 'ca' || name === 'server') {
      throw new Error(`identity ${identity}: must be admin/NAME, writer/NAME or reader/NAME`);
    }
    wanted.set(name, {
      commonName: name,
      uris: [`spiffe://rostrum/${identity}`],
      usage: 'client',
    });
  }
  return wanted;
}

async function loadAuthority(directory: string): Promise<Authority | undefined> {
  const pair = readPair(directory, 'ca');
  if (pair === undefined) return undefined;
  try {
    const certificate = new X509Certificate(pair.certificate);
    if (!certificate.ca || isExpiring(certificate)) return undefined;
    return await Authority.load(pair);
  } catch {
    return undefined;
  }
}

function isGood(
  directory: string,
  name: string,
  request: IdentityRequest,
  authority: Authority,
): boolean {
  const pair = readPair(directory, name);
  if (pair === undefined) return false;
  try {
    const certificate = new X509Certificate(pair.certificate);
    const names = certificate.subjectAltName?.split(', ') ?? [];
    const uris = request.uris ?? [];
    return (
      !isExpiring(certificate) &&
      certificate.verify(new X509Certificate(authority.pair.certificate).publicKey) &&
      uris.every((uri) => names.includes(`URI:${uri}`)) &&
      (request.hosts ?? []).every(
        (host) => certificate.checkHost(host) ?? certificate.checkIP(host),
      )
    );
  } catch {
    return false;
  }
}

function isExpiring(certificate: X509Certificate): boolean {
  return Date.parse(certificate.validTo) - Date.now() < RENEW_BEFORE_MS;
}

function readPair(directory: string, name: string): KeyPair | undefined {
  const certificate = join(directory, `${name}.crt`);
  const key = join(directory, `${name}.key`);
  if (!existsSync(certificate) || !existsSync(key)) return undefined;
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** Writes both files; whoever reads one meanwhile finds the old or the new one as a whole. */
export function writePair(directory: string, name: string, pair: KeyPair): void {
  replaceFile(join(directory, `${name}.key`), pair.key, 0o600);
  replaceFile(join(directory, `${name}.crt`), pair.certificate, 0o644);
}

function replaceFile(path: string, content: string, mode: number): void {
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, content, { mode, flag: 'wx' });
  renameSync(temporary, path);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(import.meta.dirname, 'dev') },
      force: { type: 'boolean', default: false },
      host: { type: 'string', multiple: true, default: [] },
      identity: { type: 'string', multiple: true, default: [] },
    },
  });
  const hosts = [...values.host, ...(process.env.ROSTRUM_CERT_HOSTS?.split(',') ?? [])];
  const { made } = await generateCertificates(values.out, {
    force: values.force,
    hosts: hosts.filter((host) => host !== ''),
    identities: values.identity,
  });
  const where = relative(process.cwd(), values.out) || '.';
  console.log(
    made.length === 0 ? `${where}: all certificates are good` : `${where}: made ${made.join(', ')}`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await main();
  } catch (error) {
    console.error(`certs/generate.ts: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
