import type { IdentityHoldings } from '../../domain/caller.js';
import type { IdentityUse } from './ports.js';

/** What an identity may have a limited number of. */
const LIMITED = ['connections', 'watches', 'watchedRows', 'submissions', 'unsentBytes'] as const;
export type Limited = (typeof LIMITED)[number];

/** How many of each an identity may have that has `held` now. */
export type IdentityLimits = Readonly<Record<Limited, (held: number) => number>>;

/** Identities that are told of. */
const MAX_IDENTITIES = 20;

/** What identities hold, those first that are nearest to a limit. */
export function identityUse(
  identities: Iterable<IdentityHoldings>,
  limits: IdentityLimits,
): IdentityUse[] {
  return Array.from(identities, (holdings) => useOf(holdings, limits))
    .sort((a, b) => b.fullestPercent - a.fullestPercent || b.refused - a.refused)
    .slice(0, MAX_IDENTITIES);
}

function useOf(holdings: IdentityHoldings, limits: IdentityLimits): IdentityUse {
  let fullest: Limited = 'connections';
  let fullestPercent = 0;
  for (const name of LIMITED) {
    const held = holdings[name];
    const percent = held === 0 ? 0 : Math.min(100, (100 * held) / limits[name](held));
    if (percent <= fullestPercent) continue;
    fullest = name;
    fullestPercent = percent;
  }
  const { identity, connections, watches, watchedRows, submissions, unsentBytes, refused } =
    holdings;
  return {
    identity,
    connections,
    watches,
    watchedRows,
    submissions,
    unsentBytes,
    refused,
    fullest,
    fullestPercent: Math.round(fullestPercent),
  };
}
