import { LiveStandings, type Standing, type StandingsEvent } from '@rostrum/client';
import { directionOf, type Movement } from './movement.js';
import { movementOf } from './movement-of.js';

/** How long a movement stays marked, in milliseconds. */
export const MARK_MS = 5000;
const LOG_SIZE = 100;

/** The latest movement of one player, and when it was seen (milliseconds, any monotonic clock). */
export interface Mark {
  readonly movement: Movement;
  readonly at: number;
}

/** A movement and the time of day when it was seen. */
export interface LogEntry {
  readonly movement: Movement;
  readonly time: Date;
}

/** What a watcher sees: the standings, the movements still marked, and the latest changes of place. */
export class LiveBoard {
  /** What the connection is doing. */
  status = 'connecting';
  /** How many changes were seen. */
  changes = 0;
  private readonly live = new LiveStandings();
  private readonly places = new Map<string, Mark>();
  private readonly scores = new Map<string, Mark>();
  private readonly log: LogEntry[] = [];

  /** Best first. */
  get standings(): readonly Standing[] {
    return this.live.standings;
  }

  get totalPlayers(): number {
    return this.live.totalPlayers;
  }

  get revision(): number {
    return this.live.revision;
  }

  /** Applies the next event of the watch, and returns the movements that it tells of. */
  apply(event: StandingsEvent, at: number, time = new Date()): readonly Movement[] {
    this.status = 'live';
    this.live.apply(event);
    const movements = event.type === 'changes' ? event.changes.map(movementOf) : [];
    for (const movement of movements) this.mark(movement, at, time);
    return movements;
  }

  /** The change of place still to be marked. */
  placeMark(playerId: string, now: number): Mark | undefined {
    return current(this.places, playerId, now);
  }

  /** The change of score still to be marked. */
  scoreMark(playerId: string, now: number): Mark | undefined {
    return current(this.scores, playerId, now);
  }

  /** The latest changes of place, newest first. */
  latest(count: number): readonly LogEntry[] {
    return count <= 0 ? [] : this.log.slice(-count).reverse();
  }

  private mark(movement: Movement, at: number, time: Date): void {
    this.changes++;
    const mark = { movement, at };
    // A player whose score changes again keeps the arrow of the last change of place.
    if (directionOf(movement) !== 'same') {
      this.places.set(movement.playerId, mark);
      this.log.push({ movement, time });
      if (this.log.length > LOG_SIZE) this.log.shift();
    }
    if (movement.kind !== 'left' && movement.score !== movement.previousScore) {
      this.scores.set(movement.playerId, mark);
    }
  }
}

/** The mark if it still counts; a faded one is forgotten, so that the map cannot grow. */
function current(marks: Map<string, Mark>, playerId: string, now: number): Mark | undefined {
  const mark = marks.get(playerId);
  if (mark === undefined || now - mark.at < MARK_MS) return mark;
  marks.delete(playerId);
  return undefined;
}
