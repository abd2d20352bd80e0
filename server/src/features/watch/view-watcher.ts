import type { Frame } from './frame.js';
import type { WatchPosition } from './resume-token.js';
import { Watcher } from './watcher.js';

/** One stream of WatchStandings. */
export class ViewWatcher extends Watcher {
  /** What the watcher shows; undefined before its first message, and when that was forgotten. */
  frame: Frame | undefined;
  /** Where it wants to go on; used for its first message. */
  resumeFrom: WatchPosition | undefined;
}
