import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  callHeaders,
  END_HEADERS,
  END_STREAM,
  FRAME,
  HostilePeer,
  h2Frame,
  literal,
} from '../../../test/support/hostile-peer.ts';
import { frame } from '../../../test/support/raw-http2.ts';
import { ping, TransportServer } from '../../../test/support/transport-server.ts';

const PING = '/rostrum.v1.AdminService/Ping';
const MIB = 1024 * 1024;
const ENHANCE_YOUR_CALM = 11;
/** All but the last byte of a request. */
const BEGUN = frame(Buffer.alloc(100_000)).subarray(0, -1);

function start() {
  return TransportServer.start({
    limits: { connectionReceivedBytes: MIB, totalReceivedBytes: 2 * MIB },
  });
}

describe('requests that are not complete', () => {
  it('are bounded for a connection, and the calls beyond are ended', async () => {
    await using running = await start();
    using peer = await HostilePeer.connect(running.port, 'writer');
    let resets = 0;
    for (let stream = 1; stream < 60; stream += 2) {
      await peer.send(callHeaders(stream, PING));
      await peer.sendData(stream, BEGUN);
    }
    await expect.poll(() => peer.resets.size).toBeGreaterThan(15);
    expect(running.server.received.used).toBeLessThanOrEqual(MIB);
    resets = peer.resets.size;
    expect(new Set(peer.resets.values())).toEqual(new Set([ENHANCE_YOUR_CALM]));
    await expect(ping(running.client('admin'))).resolves.toBeDefined();

    // What is left is answered when it is complete.
    const left = Array.from({ length: 30 }, (_, at) => 1 + 2 * at).filter(
      (stream) => !peer.resets.has(stream),
    );
    for (const stream of left) {
      await peer.send(h2Frame(FRAME.DATA, END_STREAM, stream, Buffer.alloc(1)));
    }
    await expect.poll(() => running.server.received.used).toBe(0);
    expect(peer.resets.size).toBe(resets);
  });

  it('are bounded in all, and leave room for another identity', async () => {
    await using running = await start();
    const peers = await Promise.all(
      Array.from({ length: 6 }, () => HostilePeer.connect(running.port, 'writer')),
    );
    for (const peer of peers) {
      for (let stream = 1; stream < 30; stream += 2) {
        await peer.send(callHeaders(stream, PING));
        await peer.sendData(stream, BEGUN);
      }
    }
    expect(running.server.received.used).toBeLessThanOrEqual(2 * MIB);
    using modest = await HostilePeer.connect(running.port, 'reader');
    await modest.send(callHeaders(1, PING));
    await modest.sendData(1, BEGUN);
    const answered = modest.received;
    await modest.send(h2Frame(FRAME.DATA, END_STREAM, 1, Buffer.alloc(1)));
    await expect.poll(() => modest.received).toBeGreaterThan(answered);
    expect(modest.resets.size).toBe(0);
    for (const peer of peers) peer[Symbol.dispose]();
    await expect.poll(() => running.server.received.used).toBe(0);
  });

  it('count calls that were opened and say nothing', async () => {
    await using running = await start();
    using peer = await HostilePeer.connect(running.port, 'writer');
    for (let stream = 1; stream < 400; stream += 2) await peer.send(callHeaders(stream, PING));
    await expect.poll(() => peer.resets.size).toBeGreaterThan(100);
    expect(running.server.received.used).toBeLessThanOrEqual(MIB);
  });

  it('count what they may become when they are compressed', async () => {
    await using running = await start();
    using peer = await HostilePeer.connect(running.port, 'writer');
    const bomb = gzipSync(Buffer.alloc(MIB));
    const header = Buffer.from([1, 0, 0, 0, 0]);
    header.writeUInt32BE(bomb.byteLength, 1);
    for (let stream = 1; stream < 100; stream += 2) {
      await peer.send(callHeaders(stream, PING, [literal('grpc-encoding', 'gzip')]));
      await peer.sendData(stream, Buffer.concat([header, bomb]));
    }
    await expect.poll(() => peer.resets.size).toBe(50);
    await expect.poll(() => running.server.received.used).toBe(0);
  });

  it('are refused whatever is wrong with them besides', async () => {
    await using running = await start();
    using peer = await HostilePeer.connect(running.port, 'writer');
    for (let stream = 1; stream < 200; stream += 2) await peer.send(callHeaders(stream, PING));
    await expect.poll(() => peer.resets.size).toBeGreaterThan(10);
    const { received } = peer;
    const wrongType = Buffer.concat([
      Buffer.from([0x83, 0x87]),
      literal(':path', PING),
      literal('content-type', 'text/html'),
      literal('grpc-encoding', 'gzip'),
    ]);
    await peer.send(
      callHeaders(301, '/no.Such/Method', [literal('grpc-encoding', 'gzip')]),
      h2Frame(FRAME.HEADERS, END_HEADERS, 303, wrongType),
    );
    await expect.poll(() => peer.received).toBeGreaterThan(received);
    await expect(ping(running.client('admin'))).resolves.toBeDefined();
  });
});
