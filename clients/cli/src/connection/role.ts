/** The roles of identities, least first: each may do all that the ones before it may. */
export const ROLES = ['reader', 'writer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** `role` and every role that may do more, least first. */
export function rolesFrom(role: Role): readonly Role[] {
  return ROLES.slice(ROLES.indexOf(role));
}
