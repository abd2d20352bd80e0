import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { RostrumClient } from '@rostrum/client';
import { afterAll, describe, expect, it } from 'vitest';
import { testCertificates } from '../support/test-certificates.ts';
import { useTestService } from '../support/test-service.ts';

const WATCHES = 1_500;

/** Connections to the server by way of a relay, which sees how many there are. */
async function startRelay(port: number) {
  const open = new Set<Socket>();
  const relay = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const onward = connect(port, 'localhost');
    socket.pipe(onward).pipe(socket);
    socket.on('error', () => {}).once('close', () => onward.destroy());
    onward.on('error', () => {}).once('close', () => socket.destroy());
  });
  await once(relay.listen(0, 'localhost'), 'listening');
  return { relay, open, address: `localhost:${(relay.address() as AddressInfo).port}` };
}

describe('a client with more watches than one connection carries', () => {
  const service = useTestService();
  const opened: { close(): Promise<void> | void }[] = [];
  afterAll(async () => {
    for (const each of opened.reverse()) await each.close();
  });

  it('has room for other calls, as many connections as it needs, and none when it is closed', async () => {
    const { relay, open, address } = await startRelay(Number(service.server.address.split(':')[1]));
    opened.push({ close: () => void relay.close() });
    const client = RostrumClient.connect({ address, tls: testCertificates('writer') });
    opened.push(client);
    await client.scores.submit({ leaderboardId: 'many', playerId: 'ada', score: 1 });
    const watch = () => client.watch.liveView({ leaderboardId: 'many', view: { top: 3 } });
    const few = Array.from({ length: 100 }, watch);
    await Promise.all(few.map((view) => view.ready()));
    // A client with few watches costs the server no more connections than one without.
    expect(open.size).toBe(1);

    const views = [...few, ...Array.from({ length: WATCHES - few.length }, watch)];
    await Promise.all(views.map((view) => view.ready()));
    expect(open.size).toBe(3);
    const calls = Array.from({ length: 100 }, (_, n) =>
      client.scores.submit(
        { leaderboardId: 'many', playerId: `p${n}`, score: n },
        { deadlineMs: 20_000 },
      ),
    );
    expect((await Promise.all(calls)).map(({ outcome }) => outcome)).toEqual(
      Array(100).fill('APPLIED'),
    );
    const best = { playerId: 'bob', score: 1_000 };
    await client.scores.submit({ leaderboardId: 'many', ...best });
    await expect
      .poll(() => views.filter(({ standings }) => standings[0]?.playerId === 'bob').length, {
        timeout: 20_000,
      })
      .toBe(WATCHES);
    expect(views.every(({ state }) => state.status === 'live')).toBe(true);

    // The connections of watches that have ended are given back after a while.
    await Promise.all(views.splice(few.length).map((view) => view.close()));
    await expect.poll(() => open.size, { timeout: 20_000 }).toBe(1);
    expect(views.every(({ state }) => state.status === 'live')).toBe(true);

    views.push(...Array.from({ length: WATCHES - views.length }, watch));
    await Promise.all(views.map((view) => view.ready()));
    expect(open.size).toBe(3);
    await client.close();
    await expect.poll(() => open.size, { timeout: 20_000 }).toBe(0);
    expect(views.every(({ state }) => state.status === 'closed')).toBe(true);
  });
});

describe('where an identity may have one connection', () => {
  const service = useTestService({ env: { ROSTRUM_IDENTITY_CONNECTIONS: '1' } });

  it('it carries more watches, and one too many is told so; all others and calls go on', async () => {
    await using client = RostrumClient.connect({
      address: service.server.address,
      tls: testCertificates('writer'),
      defaultDeadlineMs: 3_000,
    });
    const score = { leaderboardId: 'many', playerId: 'ada', score: 1 };
    await client.scores.submit(score);
    const watch = () => client.watch.liveView({ leaderboardId: 'many', view: { top: 3 } });
    const views = Array.from({ length: 900 }, watch);
    await Promise.all(views.map((view) => view.ready()));
    await expect(watch().ready()).rejects.toMatchObject({
      reason: 'CONNECTION_FAILED',
      message: expect.stringMatching(/closes further connections.* of this identity/),
    });
    expect((await client.scores.submit({ ...score, score: 2 })).outcome).toBe('APPLIED');
    await expect.poll(() => views.every(({ standings }) => standings[0]?.score === 2)).toBe(true);
  });
});
