import type { Connect, FromLoad, Probe } from '../messages.ts';
import type { RequestTemplate } from '../request-templates.ts';

/** Asks tools/bench-load to open watches, in turn on as many connections. */
export interface Watch {
  readonly kind: 'watch';
  readonly connections: number;
  readonly watches: number;
  readonly template: RequestTemplate;
}

/** Asks it to make a call that changes what is watched, and to wait until all watches heard of it. */
export interface Change {
  readonly kind: 'change';
  readonly template: RequestTemplate;
}

export type ToWatchLoad = Connect | Probe | Watch | Change;

/** Milliseconds from the call to its answer, and to when watches heard of the change. */
export interface Changed {
  readonly kind: 'changed';
  readonly acknowledged: number;
  readonly first: number;
  readonly median: number;
  readonly last: number;
}

export type FromWatchLoad =
  | Extract<FromLoad, { readonly kind: 'connected' | 'probed' | 'failed' }>
  /** Each watch has its first message. */
  | { readonly kind: 'watching' }
  | Changed;
