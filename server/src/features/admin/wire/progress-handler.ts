import type { ServerStream } from '../../../transport/server-stream.js';

const PERIOD_MS = 500;

/**
 * Sends how far some work is, twice a second until it ends, and then a last message. A caller that
 * does not read holds back the messages, not the work.
 *
 * @param message makes the next message; called only when it is sent
 * @throws CallCancelled when the stream is over before; what the work fails with
 */
export async function streamProgress<Res>(
  stream: ServerStream<Res>,
  work: Promise<void>,
  message: (done: boolean) => Res,
): Promise<void> {
  let ended = false;
  const end = work.then(
    () => {
      ended = true;
    },
    (error: unknown) => {
      ended = true;
      return { error };
    },
  );
  while (!ended) {
    await endOrPeriod(end);
    await stream.drained();
    if (!ended) stream.write(message(false));
  }
  const failure = await end;
  if (failure !== undefined) throw failure.error;
  await stream.drained();
  stream.write(message(true));
}

async function endOrPeriod(end: Promise<unknown>): Promise<void> {
  const period = Promise.withResolvers<void>();
  const timer = setTimeout(period.resolve, PERIOD_MS);
  await Promise.race([end, period.promise]);
  clearTimeout(timer);
}
