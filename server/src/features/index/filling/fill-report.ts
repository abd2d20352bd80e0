/** Why a fill failed: errors lose their classes on the way between threads. */
type FillFailure = 'index unavailable' | 'store unavailable' | 'fault';

/** What a thread that fills indexes tells of its fill. After `done` and `failed` it takes another. */
export type FillReport =
  | { readonly kind: 'progress'; readonly filled: number }
  | { readonly kind: 'done'; readonly filled: number }
  | { readonly kind: 'failed'; readonly failure: FillFailure; readonly message: string };
