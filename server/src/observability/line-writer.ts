import { write, writeSync } from 'node:fs';

/** Bytes that may wait for a slow reader. Lines beyond that are lost. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** How long to wait when the reader's pipe is full, in milliseconds. */
const RETRY_MS = 50;
/** How often to do so at the end of the process. */
const LAST_TRIES = 10;
const LINE_FEED = Buffer.from('\n');

/**
 * Writes to a file descriptor without ever blocking, so a slow reader holds nobody up. A reader that is
 * gone does not keep the process from ending either; pino's own destination would retry for ever. What a
 * full disk does not take is lost, and later lines are written again when it has room.
 */
export class LineWriter {
  readonly #fd: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #isBroken = false;
  /** Whether what was written last ends a line, and not within one whose rest is lost. */
  #endsLine = true;

  constructor(fd: number) {
    this.#fd = fd;
    process.once('exit', () => this.flushSync());
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#isBroken || this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#isWriting) return;
    this.#isWriting = true;
    // Together with the other lines of this turn. A process that ends in it writes them in order.
    setImmediate(() => this.#writeOn(this.#take()));
  }

  /** Writes what waits, if the reader takes it soon. Does not wait for a write in progress. */
  flushSync(): void {
    let rest = this.#take();
    for (let tries = 0; rest.length > 0 && !this.#isBroken; ) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        tries += 1;
        if (!isFull(error) || tries === LAST_TRIES) this.#isBroken = true;
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      }
    }
  }

  #take(): Buffer {
    if (!this.#endsLine && this.#waiting.length > 0) this.#waiting.unshift(LINE_FEED);
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    return bytes;
  }

  #writeOn(bytes: Buffer): void {
    this.#isWriting = bytes.length > 0;
    if (!this.#isWriting) return;
    write(this.#fd, bytes, (error, written) => {
      if (error === null) {
        const rest = bytes.subarray(written);
        if (written > 0) this.#endsLine = bytes[written - 1] === LINE_FEED[0];
        this.#writeOn(rest.length > 0 ? rest : this.#take());
      } else if (isFull(error)) {
        setTimeout(() => this.#writeOn(bytes), RETRY_MS);
      } else {
        this.#isBroken = isGone(error);
        this.#take();
        this.#isWriting = false;
      }
    });
  }
}

/** Whether nobody will ever read what is written. */
function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'EBADF';
}

/** Whether the reader's pipe is full. */
function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}
