import type { Redis } from 'ioredis';

const PERIOD_MS = 250;
/** A connection that has not answered for this long is given up. */
const SILENT_MS = 1000;

/**
 * Asks a connection all the time, and gives it up if it does not answer: one whose other end vanished, or
 * was cut off, looks alive to the kernel for hours. A connection that is being made is watched too. The
 * driver then makes another.
 *
 * @param ask what only a server that is alive can answer
 * @param onSilent called when a connection was given up
 * @returns a function that stops this
 */
export function watchConnection(
  redis: Redis,
  ask: () => Promise<unknown>,
  onSilent: () => void = () => {},
): () => void {
  let waiting: { readonly stream: unknown; readonly sinceMs: number } | undefined;
  const timer = setInterval(() => {
    const { status, stream } = redis;
    if (status !== 'ready' && status !== 'connect') {
      waiting = undefined;
      return;
    }
    const nowMs = performance.now();
    if (waiting !== undefined && waiting.stream === stream) {
      // After a pause of this process, what has arrived meanwhile is read first.
      if (nowMs - waiting.sinceMs >= SILENT_MS) setImmediate(giveUp, waiting);
      return;
    }
    const question = { stream, sinceMs: nowMs };
    waiting = question;
    if (status !== 'ready') return;
    const answered = (): void => {
      if (waiting === question) waiting = undefined;
    };
    ask().then(answered, answered);
  }, PERIOD_MS);
  const giveUp = (question: typeof waiting): void => {
    if (waiting !== question) return;
    waiting = undefined;
    redis.stream.destroy();
    onSilent();
  };
  const onReady = (): void => {
    waiting = undefined;
  };
  redis.on('ready', onReady);
  return () => {
    clearInterval(timer);
    redis.off('ready', onReady);
  };
}
