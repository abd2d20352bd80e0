import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { StreamTable, useStreamTable } from './stream-table.js';

/** A generator of numbers from 0 to below `bound`: the same ones each time (mulberry32). */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

test.each([1, 2, 3])('agrees with a Map in long random sequences (seed %d)', (seed) => {
  const below = numbers(seed);
  const table = new StreamTable<string>();
  const map = new Map<number, string>();
  let nextId = 1;
  // Some ids far ahead, so that many share a home slot.
  const someId = () =>
    below(8) === 0 ? 1 + 2 * below(1_000_000) : Math.max(1, nextId - 2 * below(200));
  for (let step = 0; step < 30_000; step += 1) {
    const wanted = 1 + 150 * (Math.floor(step / 5_000) % 3);
    if (map.size < wanted ? below(3) > 0 : below(3) === 0) {
      const id = below(10) === 0 ? someId() : nextId;
      if (id === nextId) nextId += 2;
      expect(table.set(id, `${step}`)).toBe(table);
      map.set(id, `${step}`);
    } else {
      const id = someId();
      expect(table.delete(id)).toBe(map.delete(id));
    }
    const id = someId();
    expect(table.get(id)).toBe(map.get(id));
    expect(table.has(id)).toBe(map.has(id));
    expect(table.size).toBe(map.size);
    if (step % 1_000 === 0) {
      expect(new Map(table)).toEqual(map);
      expect([...table.keys()].sort()).toEqual([...map.keys()].sort());
      expect([...table.values()].sort()).toEqual([...map.values()].sort());
    }
  }
  const seen = new Map<number, string>();
  table.forEach((value, id) => {
    seen.set(id, value);
    table.delete(id);
  });
  expect(seen).toEqual(map);
  expect(table.size).toBe(0);
  table.set(1, 'one').clear();
  expect([table.size, table.get(1), [...table.entries()]]).toEqual([0, undefined, []]);
});

test('the HTTP/2 of this Node takes it, and its calls go on as before', async () => {
  const server = http2.createServer();
  const taken: boolean[] = [];
  server.on('session', (session) => taken.push(useStreamTable(session), useStreamTable(session)));
  server.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const stream = client.request({ ':method': 'POST' });
        stream.end(`${index}`);
        stream.setEncoding('utf8');
        let text = '';
        for await (const more of stream) text += more;
        return text;
      }),
    );
    expect(answers).toEqual(Array.from({ length: 300 }, (_, index) => `${index}`));
    expect(taken).toEqual([true, true]);
    // Open streams are cancelled with their session: Node walks the table for that.
    const open = client.request({ ':method': 'POST' });
    const [serverStream] = (await once(server, 'stream')) as [http2.ServerHttp2Stream];
    const closed = once(serverStream, 'close');
    open.on('error', () => {});
    serverStream.session?.destroy();
    await closed;
  } finally {
    client.destroy();
    server.close();
  }
});
