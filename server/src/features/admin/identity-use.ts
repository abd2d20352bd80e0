import type { IdentityHoldings } from '../../domain/caller.js';

/** What an identity may have a limited number of. */
const LIMITED = ['connections', 'watches', 'watchedRows', 'submissions', 'unsentBytes'] as const;
type Limited = (typeof LIMITED)[number];

/** What an identity holds of this process, all its connections together. */
export interface IdentityUse extends Pick<IdentityHoldings, 'identity' | 'refused' | Limited> {
  /** What it holds most of, as a share of what it may hold. */
  readonly fullest: Limited;
  /** That share in percent, 0 to 100. */
  readonly fullestPercent: number;
}

/** How many of each an identity may have, given how many it `held`. */
type IdentityLimits = Readonly<Record<Limited, (held: number) => number>>;

/** How many identities are reported. */
const MAX_IDENTITIES = 20;

/** What identities hold, those nearest to a limit first. */
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
  return { ...holdings, fullest, fullestPercent: Math.round(fullestPercent) };
}
