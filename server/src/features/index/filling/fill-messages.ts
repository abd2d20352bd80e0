import type { Ranking } from '../../../domain/ranking.js';
import type { IndexBuild } from '../ports.js';

/* What the event loop of calls and a thread that fills indexes tell each other. */

/** Asks a thread for one fill; it has none to do. See `RestFiller.fillAfter`. */
export interface FillRequest {
  readonly ranking: Ranking;
  readonly build: IndexBuild;
  readonly afterPlayerId: string;
}

/** Why a fill failed: errors lose their classes on the way between threads. */
export type FillFailure = 'index unavailable' | 'store unavailable' | 'fault';

/** What a thread tells of its fill. After `done` and `failed` it takes another. */
export type FillReport =
  | { readonly kind: 'progress'; readonly filled: number }
  | { readonly kind: 'done'; readonly filled: number }
  | { readonly kind: 'failed'; readonly failure: FillFailure; readonly message: string };
