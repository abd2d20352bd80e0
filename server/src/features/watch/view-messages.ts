import type { SeasonNo } from '../../domain/ids.js';
import { diffRows } from './diff.js';
import type { Frame } from './frame.js';
import { encodeResumeToken, type TokenScope } from './resume-token.js';
import type { WatchCounters } from './watch-counters.js';
import {
  type EncodedMessage,
  encodeChanges,
  encodeCheckpoint,
  encodeSnapshot,
  type Progress,
} from './wire/watch-encoding.js';

/** Encodes the messages that show a view's present frame, each only once for all watchers. */
export class ViewMessages {
  readonly scope: TokenScope;
  #frame: Frame | undefined;
  #revision = 0;
  /** By the frame that changes lead from, or by the kind of message. */
  readonly #encoded = new Map<Frame | 'snapshot' | 'reset' | 'checkpoint', EncodedMessage>();

  constructor(
    seasonNo: SeasonNo,
    viewHash: Buffer,
    private readonly counters: WatchCounters,
  ) {
    this.scope = { kind: 'view', seasonNo, viewHash };
  }

  snapshot(frame: Frame, reset: boolean): EncodedMessage {
    return this.#once(frame, reset ? 'reset' : 'snapshot', (progress) =>
      encodeSnapshot(frame.rows, frame.totalPlayers, reset, progress),
    );
  }

  /** From one frame to a later one of the same lineage; a checkpoint if that shows the same again. */
  changes(from: Frame, to: Frame): EncodedMessage {
    return this.#once(to, from, (progress) => {
      const changes = diffRows(from.byPlayer, to.byPlayer);
      return changes.length === 0 && from.totalPlayers === to.totalPlayers
        ? encodeCheckpoint(progress)
        : encodeChanges(changes, to.totalPlayers, progress);
    });
  }

  checkpoint(frame: Frame): EncodedMessage {
    return this.#once(frame, 'checkpoint', encodeCheckpoint);
  }

  /** Lets go of what is kept for reuse. */
  clear(): void {
    this.#frame = undefined;
    this.#encoded.clear();
  }

  #once(
    frame: Frame,
    key: Frame | 'snapshot' | 'reset' | 'checkpoint',
    encode: (progress: Progress) => EncodedMessage,
  ): EncodedMessage {
    const { revision } = frame;
    if (this.#frame !== frame || this.#revision !== revision) {
      this.#encoded.clear();
      this.#frame = frame;
      this.#revision = revision;
    }
    let message = this.#encoded.get(key);
    if (message === undefined) {
      const resumeToken = encodeResumeToken(this.scope, { epoch: frame.epoch, revision });
      message = encode({ revision, resumeToken });
      this.#encoded.set(key, message);
      this.counters.messagesEncoded++;
    }
    return message;
  }
}
