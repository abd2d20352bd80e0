import { isDeepStrictEqual } from 'node:util';
import { percentileOf, type Standing } from '../standings/standing.js';
import type { RankChange } from './rank-change.js';
import type { StandingsEvent } from './watch.js';

/**
 * The standings of a view, kept current by applying the events of `watch.standings` in order. They are
 * ordered by place, as the ranking is; several players may have the same rank.
 */
export class LiveStandings {
  #byPlayer = new Map<string, Standing>();
  /** By player, where the place is not the rank. */
  readonly #places = new Map<string, number>();
  #standings: readonly Standing[] = [];
  #totalPlayers = 0;
  #revision = 0;

  /** Best first. A new array after each change; never changed in place. */
  get standings(): readonly Standing[] {
    return this.#standings;
  }

  /** How many players the ranking has. */
  get totalPlayers(): number {
    return this.#totalPlayers;
  }

  /** The revision of the ranking that they show; 0 before the first event. */
  get revision(): number {
    return this.#revision;
  }

  /** Applies the next event. */
  apply(event: StandingsEvent): void {
    this.#revision = event.revision;
    switch (event.type) {
      case 'snapshot':
        this.#byPlayer = new Map(event.standings.map((standing) => [standing.playerId, standing]));
        this.#places.clear();
        event.places?.forEach((place, at) => {
          this.#setPlace(event.standings[at]?.playerId ?? '', place);
        });
        this.#totalPlayers = event.totalPlayers;
        this.#sort();
        return;
      case 'changes':
        for (const change of event.changes) {
          if (change.standing) this.#byPlayer.set(change.playerId, change.standing);
          else this.#byPlayer.delete(change.playerId);
          this.#setPlace(change.playerId, change.standing && change.place);
        }
        this.#totalPlayers = event.totalPlayers;
        this.#sort();
        return;
      case 'checkpoint':
    }
  }

  #setPlace(playerId: string, place: number | undefined): void {
    if (place === undefined) this.#places.delete(playerId);
    else this.#places.set(playerId, place);
  }

  #placeOf({ playerId, rank }: Standing): number {
    return this.#places.get(playerId) ?? rank;
  }

  #sort(): void {
    // Players whose place did not change are not told again, and yet their percentile moves with
    // the number of players.
    for (const [playerId, standing] of this.#byPlayer) {
      const percentile = percentileOf(standing.rank, this.#totalPlayers);
      if (percentile !== standing.percentile) {
        this.#byPlayer.set(playerId, { ...standing, percentile });
      }
    }
    this.#standings = [...this.#byPlayer.values()].sort(
      (a, b) => this.#placeOf(a) - this.#placeOf(b),
    );
  }
}

/** How one state of a view differs from an earlier one. Percentiles alone make no difference. */
export function standingChanges(
  before: readonly Standing[],
  after: readonly Standing[],
): RankChange[] {
  const changes: RankChange[] = [];
  const left = new Map(before.map((standing) => [standing.playerId, standing]));
  for (const standing of after) {
    const { playerId } = standing;
    const previous = left.get(playerId);
    left.delete(playerId);
    if (!previous) {
      changes.push({ kind: 'ENTERED', playerId, standing, revision: 0 });
    } else if (previous !== standing) {
      const kind = previous.rank === standing.rank ? 'UPDATED' : 'MOVED';
      if (kind === 'UPDATED' && isSameEntry(previous, standing)) continue;
      changes.push({ kind, playerId, standing, revision: 0, ...placeOf(previous) });
    }
  }
  for (const [playerId, previous] of left) {
    changes.push({ kind: 'LEFT', playerId, revision: 0, ...placeOf(previous) });
  }
  return changes;
}

function isSameEntry(a: Standing, b: Standing): boolean {
  return isDeepStrictEqual({ ...a, percentile: b.percentile }, { ...b });
}

function placeOf({ rank, score }: Standing): { previousRank: number; previousScore: number } {
  return { previousRank: rank, previousScore: score };
}
