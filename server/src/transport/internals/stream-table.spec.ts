import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { ping, TransportServer } from '../../../test/support/transport-server.ts';
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

function entriesOf<V>(table: StreamTable<V>): Map<number, V> {
  const entries = new Map<number, V>();
  table.forEach((value, id) => {
    entries.set(id, value);
  });
  return entries;
}

test.each([1, 2, 3])('agrees with a Map in long random sequences (seed %d)', (seed) => {
  const below = numbers(seed);
  const table = new StreamTable<string>();
  const map = new Map<number, string>();
  let nextId = 1;
  // Some ids far ahead, so that many share a home slot.
  const someId = (): number =>
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
      expect(entriesOf(table)).toEqual(map);
    }
  }
  const seen = new Map<number, string>();
  table.forEach((value, id) => {
    seen.set(id, value);
    table.delete(id);
  });
  expect(seen).toEqual(map);
  expect(table.size).toBe(0);
});

test('takes 0 as any other number', () => {
  const table = new StreamTable<string>();
  expect([table.has(0), table.delete(0), table.size]).toEqual([false, false, 0]);
  table.set(0, 'zero').set(2, 'two');
  expect(entriesOf(table)).toEqual(
    new Map([
      [0, 'zero'],
      [2, 'two'],
    ]),
  );
  expect([table.delete(0), table.has(0), table.size]).toEqual([true, false, 1]);
});

test('a walk leaves out what is removed on the way', () => {
  const table = new StreamTable<string>();
  for (const id of [1, 3, 5, 7]) table.set(id, `${id}`);
  const seen: number[] = [];
  table.forEach((_, id) => {
    seen.push(id);
    table.delete(5);
    table.set(9, 'new');
  });
  expect(seen.sort()).toEqual([1, 3, 7]);
});

test('shrinks after a burst, with what is left', () => {
  const table = new StreamTable<number>();
  for (let id = 1; id < 20_000; id += 2) table.set(id, id);
  for (let id = 1; id < 19_900; id += 2) table.delete(id);
  expect([...entriesOf(table).values()].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 50 }, (_, index) => 19_901 + 2 * index),
  );
});

/** Whether the streams of a session are in such a table. */
function hasStreamTable(session: http2.Http2Session | undefined): boolean {
  return Object.getOwnPropertySymbols(session ?? {}).some((symbol) => {
    const state: unknown = Reflect.get(session ?? {}, symbol);
    return (state as { streams?: unknown } | undefined)?.streams instanceof StreamTable;
  });
}

test('our server has it in the sessions of its connections', async () => {
  await using running = await TransportServer.start();
  const created = 'http2.server.stream.created';
  const sessions: http2.Http2Session[] = [];
  const note = (message: unknown) => {
    const { stream } = message as { stream: http2.ServerHttp2Stream };
    if (stream.session) sessions.push(stream.session);
  };
  subscribe(created, note);
  try {
    await ping(running.client('reader'));
  } finally {
    unsubscribe(created, note);
  }
  expect(sessions.map(hasStreamTable)).toEqual([true]);
});

test('the HTTP/2 of this Node takes it, and its calls go on as before', async () => {
  const server = http2.createServer();
  const taken: boolean[] = [];
  server.on('session', (session) => taken.push(useStreamTable(session)));
  server.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = http2.connect(`http://127.0.0.1:${port}`);
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
    expect(taken).toEqual([true]);
    // Node walks the table when a session closes, is destroyed, or loses its socket.
    const open = client.request({ ':method': 'POST' });
    const [first] = (await once(server, 'stream')) as [http2.ServerHttp2Stream];
    first.session?.close();
    open.end();
    await once(first, 'close');
    for (const cut of [
      (stream: http2.ServerHttp2Stream) => stream.session?.destroy(),
      (_: http2.ServerHttp2Stream, other: http2.ClientHttp2Session) => other.destroy(),
    ]) {
      const other = http2.connect(`http://127.0.0.1:${port}`).on('error', () => {});
      const requests = [1, 2, 3].map(() => other.request({ ':method': 'POST' }));
      for (const request of requests) request.on('error', () => {});
      const streams: http2.ServerHttp2Stream[] = [];
      while (streams.length < 3) streams.push((await once(server, 'stream'))[0]);
      const closed = streams.map((stream) =>
        once(
          stream.on('error', () => {}),
          'close',
        ),
      );
      cut(streams[0] as http2.ServerHttp2Stream, other);
      await Promise.all(closed);
    }
  } finally {
    client.destroy();
    server.close();
  }
});
