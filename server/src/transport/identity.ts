/** What a caller may do; each role may do all that the ones before it may. */
export const ROLES = ['reader', 'writer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who a caller is, as its certificate says. */
export interface Identity {
  readonly role: Role;
  readonly name: string;
}

const IDENTITY = /^spiffe:\/\/rostrum\/(reader|writer|admin)\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})$/;

/** Whether a caller of `role` may do what needs at least `required`. */
export function roleAllows(role: Role, required: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(required);
}

/**
 * Reads the identity `spiffe://rostrum/<role>/<name>` from a certificate's subject alternative
 * names, in the form in which Node prints them: `DNS:localhost, URI:spiffe://rostrum/writer/game`.
 *
 * Undefined unless there is exactly one URI and it has that form (a SPIFFE certificate has exactly
 * one). Node quotes names that contain its separators; none of ours does, so anything quoted is
 * refused rather than parsed.
 */
export function parseIdentity(subjectAltName: string | undefined): Identity | undefined {
  if (subjectAltName === undefined || subjectAltName.includes('"')) return undefined;
  const uris = subjectAltName.split(', ').filter((name) => name.startsWith('URI:'));
  const [uri] = uris;
  if (uri === undefined || uris.length !== 1) return undefined;
  const match = IDENTITY.exec(uri.slice('URI:'.length));
  if (match === null) return undefined;
  return { role: match[1] as Role, name: match[2] as string };
}
