import type {
  ChangesMessage,
  RankChange,
  Standing,
  StandingsEvent,
  StandingsView,
} from '@rostrum/client';

/** Every state of a ranking, made from one full list and the changes that the feed tells after it. */
export class FeedReplay {
  /** What could not be; must stay empty. */
  readonly violations: string[] = [];
  readonly #states = new Map<number, readonly Standing[]>();
  #state: Standing[];
  #revision: number;

  constructor(list: { readonly standings: readonly Standing[]; readonly revision: number }) {
    this.#state = [...list.standings];
    this.#revision = list.revision;
    this.#states.set(list.revision, list.standings);
  }

  get revision(): number {
    return this.#revision;
  }

  get revisions(): readonly number[] {
    return [...this.#states.keys()];
  }

  /** The whole ranking at a revision. */
  at(revision: number): readonly Standing[] | undefined {
    return this.#states.get(revision);
  }

  take(message: ChangesMessage): void {
    if (message.reset) this.violations.push(`the feed was reset at ${message.revision}`);
    for (const change of message.changes) {
      if (change.revision > this.#revision) this.#apply(change);
    }
  }

  #apply(change: RankChange): void {
    const wrong = (what: string) => this.violations.push(`revision ${change.revision}: ${what}`);
    if (change.revision !== this.#revision + 1) wrong(`came after ${this.#revision}`);
    this.#revision = change.revision;
    const { playerId, standing, previousRank, previousScore } = change;
    const before = this.#state.findIndex((each) => each.playerId === playerId);
    if (previousRank !== (before === -1 ? undefined : before + 1)) {
      wrong(`previous rank ${previousRank} of ${playerId}, who stood at ${before + 1}`);
    }
    if (previousScore !== this.#state[before]?.score) wrong(`previous score ${previousScore}`);
    const kind =
      before === -1
        ? 'ENTERED'
        : standing === undefined
          ? 'LEFT'
          : standing.rank === before + 1
            ? 'UPDATED'
            : 'MOVED';
    if (change.kind !== kind) wrong(`${change.kind} for what is ${kind}`);
    const next = this.#state.filter((each) => each.playerId !== playerId);
    if (standing !== undefined) next.splice(standing.rank - 1, 0, standing);
    this.#state = ranked(next);
    this.#states.set(change.revision, this.#state);
  }
}

/** A view as its events say, applied as the contract says. */
export class AppliedView {
  readonly states: { readonly revision: number; readonly standings: readonly Standing[] }[] = [];
  readonly violations: string[] = [];
  resumeToken = '';
  resets = 0;
  #byPlayer = new Map<string, Standing>();
  #totalPlayers = 0;

  take(event: StandingsEvent): void {
    const first = this.states.length === 0;
    if (event.type === 'snapshot') {
      if (event.reset === first) this.violations.push(`reset is ${event.reset}, first is ${first}`);
      if (event.reset) this.resets += 1;
      this.#byPlayer = new Map(event.standings.map((each) => [each.playerId, each]));
      this.#keep(event.revision, event.totalPlayers);
    } else if (first) {
      this.violations.push(`it began with ${event.type}`);
    } else if (event.type === 'changes') {
      // With no change of a place the number of players, and so the percentiles, must be another.
      if (event.changes.length === 0 && event.totalPlayers === this.#totalPlayers) {
        this.violations.push('changes without a change');
      }
      for (const { playerId, standing, kind } of event.changes) {
        const known = this.#byPlayer.has(playerId);
        if (known === (kind === 'ENTERED')) this.violations.push(`${kind} for ${playerId}`);
        if (standing) this.#byPlayer.set(playerId, standing);
        else this.#byPlayer.delete(playerId);
      }
      this.#keep(event.revision, event.totalPlayers);
    } else {
      const last = this.states.at(-1)?.standings ?? [];
      this.states.push({ revision: event.revision, standings: last });
    }
    this.resumeToken = event.resumeToken;
  }

  #keep(revision: number, totalPlayers: number): void {
    this.#totalPlayers = totalPlayers;
    const before = this.states.at(-1)?.revision ?? 0;
    if (revision < before) this.violations.push(`revision ${revision} after ${before}`);
    const standings = [...this.#byPlayer.values()]
      .sort((a, b) => a.rank - b.rank)
      .map((each) => withPercentile(each, each.rank, totalPlayers));
    this.states.push({ revision, standings });
  }
}

/** The part of a whole ranking that a view shows. */
export function partOf(view: StandingsView, ranking: readonly Standing[]): readonly Standing[] {
  if ('top' in view) return ranking.slice(0, view.top);
  if ('players' in view) {
    return ranking.filter(({ playerId }) => view.players.includes(playerId));
  }
  const count = view.count ?? 11;
  const at = ranking.findIndex(({ playerId }) => playerId === view.around);
  if (at === -1) return [];
  let first = at - Math.floor(count / 2);
  while (first > 0 && first + count > ranking.length) first -= 1;
  return ranking.slice(Math.max(0, first), Math.max(0, first) + count);
}

function ranked(standings: readonly Standing[]): Standing[] {
  return standings.map((each, index) => withPercentile(each, index + 1, standings.length));
}

function withPercentile(standing: Standing, rank: number, total: number): Standing {
  const percentile = total === 1 ? 100 : (100 * (total - rank)) / (total - 1);
  return standing.rank === rank && standing.percentile === percentile
    ? standing
    : { ...standing, rank, percentile };
}
