/**
 * So many streams at most share a channel. A server lets one connection have 1,000 calls open; calls
 * beyond that wait until their deadline. Half of them stay free: for unary calls on the first channel,
 * and on all for streams that are reset and opened again before the server has seen their end.
 */
export const STREAMS_PER_CHANNEL = 500;
/** So many are on the first where the server refuses further connections: the rest is for unary calls. */
export const STREAMS_AT_MOST = 900;
/** An empty channel is kept so long: when a connection breaks, its streams are opened again at once. */
export const LINGER_MS = 5_000;

interface Connectable {
  /** Whether there is a connection now. */
  isReady(): boolean;
  close(): void;
}

/** A channel with room for one stream. */
export interface StreamPlace<Channel> {
  readonly channel: Channel;
  /** Gives the room back when the stream has ended. To be called once. */
  readonly leave: () => void;
  /** Notes that the server refused the channel's connection: no other is opened before it is closed or connected. */
  readonly noteRefusal: () => void;
}

class Filled<Channel> {
  streams = 0;
  isRefused = false;
  closing: NodeJS.Timeout | undefined;

  constructor(readonly channel: Channel) {}
}

/**
 * Spreads streams, which stay open, over as many channels as they need. The first channel is that of
 * unary calls, so that a client with few watches has no second connection; however many streams
 * there are, they leave room on it.
 */
export class StreamChannels<Channel extends Connectable> {
  readonly #open: () => Channel;
  readonly #first: Filled<Channel>;
  readonly #further = new Set<Filled<Channel>>();

  /**
   * @param first never closed here
   * @param open makes a further channel
   */
  constructor(first: Channel, open: () => Channel) {
    this.#open = open;
    this.#first = new Filled(first);
  }

  /** Whether there are channels beside the first. */
  get hasFurther(): boolean {
    return this.#further.size > 0;
  }

  /** A place in the oldest channel that has one, so that the younger ones become empty. */
  take(): StreamPlace<Channel> {
    const filled = this.#withRoom();
    filled.streams += 1;
    clearTimeout(filled.closing);
    const noteRefusal = () => {
      filled.isRefused = true;
    };
    return { channel: filled.channel, leave: () => this.#leave(filled), noteRefusal };
  }

  /** Closes the further channels; their streams must have ended. */
  close(): void {
    for (const filled of [...this.#further]) this.#close(filled);
  }

  #withRoom(): Filled<Channel> {
    if (this.#first.streams < STREAMS_PER_CHANNEL) return this.#first;
    let refused: Filled<Channel> | undefined;
    for (const filled of this.#further) {
      // The server may have taken it in since.
      filled.isRefused &&= !filled.channel.isReady();
      if (filled.isRefused) refused = filled;
      else if (filled.streams < STREAMS_PER_CHANNEL) return filled;
    }
    if (refused) return this.#first.streams < STREAMS_AT_MOST ? this.#first : refused;
    const filled = new Filled(this.#open());
    this.#further.add(filled);
    return filled;
  }

  #leave(filled: Filled<Channel>): void {
    filled.streams -= 1;
    if (filled.streams > 0 || !this.#further.has(filled)) return;
    filled.closing = setTimeout(() => this.#close(filled), LINGER_MS);
    filled.closing.unref();
  }

  #close(filled: Filled<Channel>): void {
    clearTimeout(filled.closing);
    this.#further.delete(filled);
    filled.channel.close();
  }
}
