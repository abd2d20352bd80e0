import type { ServerStream } from '../../../transport/server-stream.js';
import { within } from '../../../within.js';

const PERIOD_MS = 500;

/**
 * Reports the progress of some work twice a second, and once more when it has ended. A caller that
 * does not read holds back the messages, not the work.
 *
 * @param message makes the next message; called only when it is sent
 * @throws CallCancelled when the stream is over first; whatever the work fails with
 */
export async function streamProgress<Res>(
  stream: ServerStream<Res>,
  work: Promise<void>,
  message: (done: boolean) => Res,
): Promise<void> {
  const ended = work.catch(() => {}).then(() => true);
  while (!(await within(PERIOD_MS, ended, false))) {
    await stream.drained();
    stream.write(message(false));
  }
  // First: if the stream is over, nobody waits for how the work ended.
  await stream.drained();
  await work;
  stream.write(message(true));
}
