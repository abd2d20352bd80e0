import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../errors.js';
import { type Role, rolesFrom } from './role.js';

const DEV_DIRECTORY = path.join('certs', 'dev');
const PACKAGE_CHECKOUT = fileURLToPath(new URL('../../../../', import.meta.url));

/** Where the three files of an identity are, and how they were found. */
export interface CredentialFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface CredentialOptions {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The identity asked for; the files of that role are used and no other. */
  readonly as?: Role | undefined;
}

/**
 * Finds the authority, certificate and key to connect with: from the options, then from
 * `ROSTRUM_TLS_CA`, `ROSTRUM_TLS_CERT` and `ROSTRUM_TLS_KEY`, then from `certs/dev` under `cwd` or
 * one of its parents, then under this package's own checkout. From `certs/dev` comes the identity
 * of `options.as`, or else of the least role that may do what `leastRole` may and that is there.
 * `--as` outranks the environment's certificate and key.
 *
 * @throws CliError naming what is missing and where it was looked for.
 */
export function findCredentials(
  options: CredentialOptions,
  leastRole: Role,
  env: NodeJS.ProcessEnv,
  cwd: string,
  checkout = PACKAGE_CHECKOUT,
): CredentialFiles {
  const given: Partial<CredentialFiles> = {
    ...named('ca', options.ca ?? env.ROSTRUM_TLS_CA),
    ...named('cert', options.cert ?? (options.as ? undefined : env.ROSTRUM_TLS_CERT)),
    ...named('key', options.key ?? (options.as ? undefined : env.ROSTRUM_TLS_KEY)),
  };
  if ((given.cert === undefined) !== (given.key === undefined)) {
    const [have, lack] = given.cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
    throw missing(`A ${have} file is given but no ${lack} file.`, [
      `Give both --cert and --key (or both ROSTRUM_TLS_CERT and ROSTRUM_TLS_KEY).`,
    ]);
  }
  const { ca, cert, key } = given;
  if (ca !== undefined && cert !== undefined && key !== undefined) {
    return {
      ca: path.resolve(cwd, ca),
      cert: path.resolve(cwd, cert),
      key: path.resolve(cwd, key),
    };
  }

  const roles = options.as ? [options.as] : rolesFrom(leastRole);
  const searched = devDirectories(cwd, isInstalled(checkout) ? undefined : checkout);
  for (const directory of searched) {
    for (const role of roles) {
      const found = {
        ca: path.resolve(cwd, ca ?? path.join(directory, 'ca.crt')),
        cert: path.resolve(cwd, cert ?? path.join(directory, `${role}.crt`)),
        key: path.resolve(cwd, key ?? path.join(directory, `${role}.key`)),
      };
      // Files named by the user are used as they are: a wrong path must fail by its own name.
      const looked = [
        ...(ca === undefined ? [found.ca] : []),
        ...(cert === undefined ? [found.cert, found.key] : []),
      ];
      if (looked.every((file) => existsSync(file))) return found;
    }
  }
  const wanted = options.as ?? leastRole;
  throw missing(
    `No certificate to connect with: looked for ca.crt, ${wanted}.crt and ${wanted}.key in ${searched[0]} and in certs/dev of each directory above.`,
    [
      'Name yours with --ca, --cert and --key (or ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT, ROSTRUM_TLS_KEY).',
      'In a checkout of Rostrum, `npm start` makes some for development, in certs/dev.',
    ],
  );
}

function named(name: keyof CredentialFiles, file: string | undefined): Partial<CredentialFiles> {
  return file === undefined || file === '' ? {} : { [name]: file };
}

function missing(message: string, hints: readonly string[]): CliError {
  return new CliError(message, hints, undefined, 'CERTIFICATE_MISSING');
}

/** Whether this package was installed rather than run in a checkout: then there are no certificates beside it. */
function isInstalled(checkout: string): boolean {
  return checkout.split(path.sep).includes('node_modules');
}

/** `certs/dev` under `cwd`, under each of its parents, and under the package's checkout. */
function devDirectories(cwd: string, checkout: string | undefined): string[] {
  const directories: string[] = [];
  for (let at = path.resolve(cwd); ; at = path.dirname(at)) {
    directories.push(path.join(at, DEV_DIRECTORY));
    if (path.dirname(at) === at) break;
  }
  if (checkout !== undefined) directories.push(path.join(checkout, DEV_DIRECTORY));
  return directories;
}
