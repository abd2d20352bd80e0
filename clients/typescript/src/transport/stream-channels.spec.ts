import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  LINGER_MS,
  STREAMS_AT_MOST,
  STREAMS_PER_CHANNEL,
  StreamChannels,
} from './stream-channels.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Channels that are numbered in the order in which they are opened, the first by 0. */
function numbered() {
  const closed: number[] = [];
  const ready = new Set<number>();
  let opened = 0;
  const open = () => {
    const number = opened++;
    return { number, isReady: () => ready.has(number), close: () => closed.push(number) };
  };
  return { closed, ready, opened: () => opened, channels: new StreamChannels(open(), open) };
}

describe('the channels of streams', () => {
  it('begin with the first, and have a further one when all before are full', () => {
    const { channels, opened } = numbered();
    const numbers = Array.from(
      { length: 3 * STREAMS_PER_CHANNEL },
      () => channels.take().channel.number,
    );
    expect(opened()).toBe(3);
    for (const number of [0, 1, 2]) {
      expect(numbers.filter((n) => n === number)).toHaveLength(STREAMS_PER_CHANNEL);
    }
  });

  it('fill the oldest again that has room', () => {
    const { channels, opened } = numbered();
    const places = Array.from({ length: 2 * STREAMS_PER_CHANNEL + 1 }, () => channels.take());
    places[STREAMS_PER_CHANNEL]?.leave();
    expect(channels.take().channel.number).toBe(1);
    places[0]?.leave();
    expect(channels.take().channel.number).toBe(0);
    expect(channels.take().channel.number).toBe(2);
    expect(opened()).toBe(3);
  });

  it('close one that stays empty, and never the first', () => {
    const { channels, closed, opened } = numbered();
    const places = Array.from({ length: STREAMS_PER_CHANNEL + 1 }, () => channels.take());
    const last = places.at(-1);
    last?.leave();
    vi.advanceTimersByTime(LINGER_MS - 1);
    // Taken again in time, as after a break of the connection.
    const again = channels.take();
    expect(again.channel).toBe(last?.channel);
    vi.advanceTimersByTime(2 * LINGER_MS);
    expect(closed).toEqual([]);
    again.leave();
    vi.advanceTimersByTime(LINGER_MS);
    expect(closed).toEqual([1]);
    expect(channels.hasFurther).toBe(false);
    for (const place of places.slice(0, -1)) place.leave();
    vi.advanceTimersByTime(2 * LINGER_MS);
    expect(closed).toEqual([1]);
    channels.take();
    expect(opened()).toBe(2);
  });

  it('put more on the first while the server refuses further ones, and only then', () => {
    const { channels, closed, ready, opened } = numbered();
    for (let n = 0; n < 2 * STREAMS_PER_CHANNEL; n++) channels.take();
    const refused = channels.take();
    expect(refused.channel.number).toBe(2);
    refused.noteRefusal();
    refused.leave();
    const more = STREAMS_AT_MOST - STREAMS_PER_CHANNEL;
    const numbers = Array.from({ length: more }, () => channels.take().channel.number);
    expect(new Set(numbers)).toEqual(new Set([0]));
    // Then there is nothing but to try again.
    const again = channels.take();
    expect(again.channel).toBe(refused.channel);
    // The server takes it in after all: it is one as any other.
    ready.add(2);
    const rest = Array.from({ length: STREAMS_PER_CHANNEL - 1 }, () => channels.take());
    expect(new Set(rest.map(({ channel }) => channel.number))).toEqual(new Set([2]));
    const further = channels.take();
    expect(further.channel.number).toBe(3);
    for (const place of [again, ...rest]) place.leave();
    vi.advanceTimersByTime(LINGER_MS);
    expect(closed).toEqual([2]);
    expect(opened()).toBe(4);
  });

  it('are all closed but the first, once, when the client is', () => {
    const { channels, closed } = numbered();
    const places = Array.from({ length: 2 * STREAMS_PER_CHANNEL + 1 }, () => channels.take());
    places.at(-1)?.leave();
    channels.close();
    vi.advanceTimersByTime(2 * LINGER_MS);
    for (const place of places.slice(0, -1)) place.leave();
    vi.advanceTimersByTime(2 * LINGER_MS);
    expect(closed).toEqual([1, 2]);
  });
});
