import type { RostrumError, WatchOptions } from '@rostrum/client';
import type { Output } from '../output/output.js';

/** What a watch is doing, in a word or two. */
export type TellStatus = (status: string) => void;

/**
 * The options with which a watch tells what it is doing: when it is lost, and when it is live again.
 * Its beginning is told by its first message.
 */
export function tellingOptions(
  signal: AbortSignal,
  output: Output,
  tell: TellStatus,
): WatchOptions {
  const { errorStyle, live } = output;
  let interrupted = false;
  return {
    signal,
    onInterrupted: (error) => {
      interrupted = true;
      const reason = wordFor(error);
      const status = `reconnecting: ${reason}`;
      tell(status);
      // A live table shows it in its title.
      if (!live) output.state(errorStyle.warn(status), { status: 'interrupted', reason });
    },
    onLive: () => {
      tell('live');
      if (interrupted && !live) output.state(errorStyle.good('live again'), { status: 'live' });
      interrupted = false;
    },
  };
}

function wordFor(error: RostrumError): string {
  return error.reason ?? error.code;
}
