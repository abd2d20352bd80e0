import type { Caller } from '../../../src/domain/caller.js';
import type { RostrumError } from '../../../src/domain/errors.js';
import type { WatchStream } from '../../../src/features/watch/ports.js';
import type { Standing } from '../../../src/gen/rostrum/v1/standing.js';
import {
  RankChange_Kind,
  WatchChangesResponse,
  WatchStandingsResponse,
} from '../../../src/gen/rostrum/v1/watch.js';

import { testCaller } from '../test-caller.ts';

/** A watcher's end of a stream that keeps what it is sent and reads only when told to. */
export class RecordingStream implements WatchStream {
  readonly caller: Caller;
  readonly written: Buffer[] = [];
  error: RostrumError | undefined;
  /** False: takes one message and then no more until `drain`. */
  reading = true;
  #onDrain = () => {};
  readonly #onClose: (() => void)[] = [];

  /** @param caller whose watch it is; a caller of its own unless given */
  constructor(caller = testCaller()) {
    this.caller = caller;
  }

  write(message: Buffer): boolean {
    if (this.error === undefined) this.written.push(message);
    return this.reading;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  onClose(listener: () => void): void {
    this.#onClose.push(listener);
  }

  end(error: RostrumError): void {
    this.error = error;
    this.close();
  }

  close(): void {
    for (const listener of this.#onClose.splice(0)) listener();
  }

  /** Reads again: what was written has left. */
  drain(): void {
    this.reading = true;
    this.#onDrain();
  }

  get standings(): WatchStandingsResponse[] {
    return this.written.map((bytes) => WatchStandingsResponse.decode(bytes));
  }

  get changes(): WatchChangesResponse[] {
    return this.written.map((bytes) => WatchChangesResponse.decode(bytes));
  }

  /** The kinds of the messages so far, for short expectations. */
  get events(): string[] {
    return this.standings.map(({ event }) =>
      event?.$case === 'snapshot' && event.value.reset ? 'reset' : (event?.$case ?? 'nothing'),
    );
  }

  /** The token of the last message. */
  get token(): string {
    return this.standings.at(-1)?.resumeToken ?? '';
  }

  /** The view as a client that applies every message holds it, best first: rank, id, score. */
  get view(): string[] {
    return viewAfter(this.standings);
  }
}

/** Applies messages as the contract tells clients to. */
export function viewAfter(messages: readonly WatchStandingsResponse[]): string[] {
  const held = new Map<string, Standing>();
  for (const { event } of messages) {
    if (event?.$case === 'snapshot') {
      held.clear();
      for (const standing of event.value.standings) held.set(standing.playerId, standing);
    } else if (event?.$case === 'changes') {
      for (const change of event.value.changes) {
        if (change.kind === RankChange_Kind.KIND_LEFT) held.delete(change.playerId);
        else if (change.standing !== undefined) held.set(change.playerId, change.standing);
      }
    }
  }
  return [...held.values()]
    .sort((a, b) => a.rank - b.rank)
    .map(({ rank, playerId, score }) => `${rank} ${playerId} ${score}`);
}
