import type { Standing } from '@rostrum/client';
import { directionOf, type Movement } from './movement.js';

/** How long a movement stays marked, in milliseconds. */
export const MARK_MS = 5000;
const LOG_SIZE = 100;

/** The latest movement of one player, and when it was seen (milliseconds, any monotonic clock). */
export interface Mark {
  readonly movement: Movement;
  readonly at: number;
}

/** What a watcher sees: the standings, the movements still marked, and the latest ones in order. */
export class LiveBoard {
  standings: readonly Standing[] = [];
  totalPlayers = 0;
  revision = 0;
  /** What the connection is doing, when it is not simply live. */
  status = 'connecting';
  changes = 0;
  private readonly places = new Map<string, Mark>();
  private readonly scores = new Map<string, Mark>();
  private readonly log: { readonly movement: Movement; readonly time: Date }[] = [];

  /** Replaces what is known, without marking anything. */
  replace(standings: readonly Standing[], totalPlayers: number, revision: number): void {
    this.standings = standings;
    this.totalPlayers = totalPlayers;
    this.revision = revision;
    this.status = 'live';
  }

  /** Marks the movements that led to the present standings. */
  mark(movements: readonly Movement[], at: number, time = new Date()): void {
    for (const movement of movements) {
      this.changes++;
      const mark = { movement, at };
      // A player whose score changes again keeps the arrow of the last change of place.
      if (directionOf(movement) !== 'same') this.places.set(movement.playerId, mark);
      if (movement.kind !== 'left' && movement.score !== movement.previousScore) {
        this.scores.set(movement.playerId, mark);
      }
      this.log.push({ movement, time });
    }
    this.log.splice(0, Math.max(0, this.log.length - LOG_SIZE));
  }

  /** The change of place still to be marked. */
  placeMark(playerId: string, now: number): Mark | undefined {
    return current(this.places, playerId, now);
  }

  /** The change of score still to be marked. */
  scoreMark(playerId: string, now: number): Mark | undefined {
    return current(this.scores, playerId, now);
  }

  /** Whether anything is still marked: the screen must then be drawn again as marks fade. */
  hasMarks(now: number): boolean {
    for (const marks of [this.places, this.scores]) {
      for (const playerId of marks.keys()) {
        if (current(marks, playerId, now) !== undefined) return true;
      }
    }
    return false;
  }

  /** The latest movements, newest first. */
  latest(count: number): readonly { readonly movement: Movement; readonly time: Date }[] {
    return count <= 0 ? [] : this.log.slice(-count).reverse();
  }
}

/** The mark if it still counts; a faded one is forgotten, so that the map cannot grow. */
function current(marks: Map<string, Mark>, playerId: string, now: number): Mark | undefined {
  const mark = marks.get(playerId);
  if (mark === undefined || now - mark.at < MARK_MS) return mark;
  marks.delete(playerId);
  return undefined;
}
