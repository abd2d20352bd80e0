import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveScreen } from './live-screen.js';

/** The part of a terminal stream that a screen uses; counts as full when told so. */
class Terminal extends EventEmitter {
  columns = 20;
  rows = 3;
  full = false;
  written: string[] = [];

  write(text: string): boolean {
    this.written.push(text);
    return !this.full;
  }

  asStream(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream;
  }
}

let terminal: Terminal;
let frames: number;
let screen: LiveScreen;

beforeEach(() => {
  vi.useFakeTimers();
  terminal = new Terminal();
  frames = 0;
  screen = new LiveScreen(terminal.asStream(), ({ columns, rows }) => {
    frames++;
    return [`${columns}x${rows}`, 'b', 'c', 'too many'];
  });
});
afterEach(() => {
  screen.stop();
  vi.useRealTimers();
});

describe('a live screen', () => {
  it('draws at once, cuts what does not fit, and leaves the terminal as it was', () => {
    screen.start();
    vi.advanceTimersByTime(1);
    const frame = terminal.written.at(-1) ?? '';
    expect(frame).toContain('19x3\x1b[K\r\nb\x1b[K\r\nc\x1b[K');
    expect(frame).not.toContain('too many');
    screen.stop();
    const all = terminal.written.join('');
    for (const [on, off] of [
      ['\x1b[?1049h', '\x1b[?1049l'],
      ['\x1b[?25l', '\x1b[?25h'],
      ['\x1b[?7l', '\x1b[?7h'],
    ] as const) {
      expect(all.indexOf(on)).toBeGreaterThanOrEqual(0);
      expect(all.lastIndexOf(off)).toBeGreaterThan(all.lastIndexOf(on));
    }
  });

  it('makes one frame of many changes, and the next no sooner than 16 ms later', () => {
    screen.start();
    vi.advanceTimersByTime(1);
    for (let change = 0; change < 100; change++) screen.requestFrame();
    vi.advanceTimersByTime(14);
    expect(frames).toBe(1);
    vi.advanceTimersByTime(2);
    expect(frames).toBe(2);
    vi.advanceTimersByTime(1000);
    expect(frames).toBe(2);
  });

  it('draws a change at once after a quiet time', () => {
    screen.start();
    vi.advanceTimersByTime(1000);
    screen.requestFrame();
    vi.advanceTimersByTime(1);
    expect(frames).toBe(2);
  });

  it('waits for a terminal that cannot keep up, then draws the present state once', () => {
    terminal.full = true;
    screen.start();
    vi.advanceTimersByTime(1);
    for (let change = 0; change < 50; change++) {
      screen.requestFrame();
      vi.advanceTimersByTime(20);
    }
    expect(frames).toBe(1);
    terminal.full = false;
    terminal.emit('drain');
    vi.advanceTimersByTime(20);
    expect(frames).toBe(2);
  });

  it('draws anew for a new size', () => {
    screen.start();
    vi.advanceTimersByTime(1);
    terminal.columns = 40;
    terminal.rows = 2;
    terminal.emit('resize');
    vi.advanceTimersByTime(20);
    expect(terminal.written.at(-1)).toContain('39x2');
    expect(terminal.written.at(-1)).not.toContain('\r\nc');
  });

  it('writes nothing after it has stopped', () => {
    screen.start();
    screen.requestFrame();
    screen.stop();
    const { length } = terminal.written;
    screen.requestFrame();
    terminal.emit('drain');
    vi.advanceTimersByTime(1000);
    expect(terminal.written).toHaveLength(length);
    expect(terminal.listenerCount('resize')).toBe(0);
  });
});
