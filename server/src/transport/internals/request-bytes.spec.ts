import { describe, expect, it } from 'vitest';
import { frame } from '../../../test/support/raw-http2.ts';
import { RequestBytes } from './request-bytes.js';

const MIB = 1024 * 1024;
const CALL = 12 * 1024;

describe('the bytes of a request', () => {
  it('are held until the request is complete', () => {
    const bytes = new RequestBytes('plain', 4 * MIB);
    expect(bytes.held).toBe(CALL);
    expect(bytes.receive(Buffer.alloc(16_000))).toBeGreaterThanOrEqual(CALL + 16_000);
    expect(bytes.end()).toBe(0);
  });

  it('count for more in small pieces, each of which keeps what came with it', () => {
    const bytes = new RequestBytes('plain', 4 * MIB);
    for (let piece = 0; piece < 1_000; piece += 1) bytes.receive(Buffer.alloc(1));
    expect(bytes.held).toBeGreaterThan(4_000_000);
  });

  it('count as what they may become when they are compressed', () => {
    const bytes = new RequestBytes('compressed', 4 * MIB);
    expect(bytes.receive(Buffer.alloc(100))).toBe(CALL + 103_200);
    expect(bytes.receive(Buffer.alloc(1 * MIB))).toBe(CALL + 4 * MIB);
    expect(bytes.end(), 'until it has been decompressed').toBe(CALL + 4 * MIB);
  });
});

describe('the bytes of a stream of requests', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 100, 1_000])('are held from the last end on (%d)', (size) => {
    const messages = [0, 1, 300, 0, 17].map((length) => frame(Buffer.alloc(length, 7)));
    const whole = Buffer.concat(messages);
    const bytes = new RequestBytes('stream', 4 * MIB);
    for (let round = 0; round < 3; round += 1) {
      for (let at = 0; at < whole.byteLength; at += size) {
        bytes.receive(whole.subarray(at, at + size));
      }
      expect(bytes.held).toBe(CALL);
    }
    bytes.receive(frame(Buffer.alloc(5_000)).subarray(0, 4_000));
    expect(bytes.held).toBeGreaterThan(CALL + 4_000);
    bytes.receive(Buffer.alloc(1_005));
    expect(bytes.held).toBe(CALL);
    expect(bytes.end()).toBe(0);
  });
});
