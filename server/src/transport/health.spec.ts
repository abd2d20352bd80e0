import { once } from 'node:events';
import grpc from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { expect, test } from 'vitest';
import { reasonOf } from '../../test/support/status-details.ts';
import { TransportServer } from '../../test/support/transport-server.ts';
import { addHealth } from './health.js';

const SERVICE = 'rostrum.v1.AdminService';
type Answer = { status: string };
interface HealthClient extends grpc.Client {
  check(request: { service: string }, callback: grpc.requestCallback<Answer>): void;
  watch(request: { service: string }): grpc.ClientReadableStream<Answer>;
}

async function start(): Promise<{ running: TransportServer; announce: () => void }> {
  let announce = () => {};
  const running = await TransportServer.start({
    prepare: (server) => {
      announce = addHealth(server);
    },
  });
  return { running, announce };
}

function clientOf(running: TransportServer, identity: 'reader' | 'roleless'): HealthClient {
  const definition = healthService as unknown as grpc.ServiceDefinition;
  return running.clientOf(definition, identity) as HealthClient;
}

function check(client: HealthClient, service: string): Promise<string> {
  return new Promise((resolve, reject) => {
    client.check({ service }, (error, answer) => {
      if (error !== null) reject(error);
      else resolve(answer?.status ?? '');
    });
  });
}

test('services serve once that is announced, and so does the server', async () => {
  const { running, announce } = await start();
  await using _ = running;
  const client = clientOf(running, 'reader');
  expect(await check(client, SERVICE)).toBe('NOT_SERVING');
  expect(await check(client, '')).toBe('NOT_SERVING');
  announce();
  expect(await check(client, SERVICE)).toBe('SERVING');
  expect(await check(client, '')).toBe('SERVING');
  await expect(check(client, 'nope')).rejects.toMatchObject({ code: grpc.status.NOT_FOUND });
});

test('shutting down is told to watchers, and ends their streams', async () => {
  const { running, announce } = await start();
  await using _ = running;
  announce();
  const watch = clientOf(running, 'reader').watch({ service: '' });
  const seen: string[] = [];
  watch.on('data', ({ status }: Answer) => seen.push(status));
  const failed = new Promise<grpc.ServiceError>((resolve) => watch.on('error', resolve));
  await once(watch, 'data');
  await running.server.drain(5_000);
  const error = await failed;
  expect(seen).toEqual(['SERVING', 'NOT_SERVING']);
  // Too late: a start that is overtaken by a shutdown must not invite callers.
  announce();
  expect(error.code).toBe(grpc.status.UNAVAILABLE);
  expect(reasonOf(error)).toBe('SHUTTING_DOWN');
});

test('health needs an identity too', async () => {
  const { running } = await start();
  await using _ = running;
  const client = clientOf(running, 'roleless');
  await expect(check(client, '')).rejects.toMatchObject({ code: grpc.status.UNAUTHENTICATED });
  const error = await new Promise<grpc.ServiceError>((resolve) => {
    client.watch({ service: '' }).on('error', resolve).resume();
  });
  expect(error.code).toBe(grpc.status.UNAUTHENTICATED);
  expect(reasonOf(error)).toBe('IDENTITY_MISSING');
});

test('a watch that its client ends is counted as cancelled, one that the server ends as an error', async () => {
  const { running } = await start();
  await using _ = running;
  const counted = () =>
    running.stats.snapshot().find(({ method }) => method === '/grpc.health.v1.Health/Watch');
  const client = clientOf(running, 'reader');
  const left = client.watch({ service: '' });
  left.on('error', () => {});
  await once(left, 'data');
  left.cancel();
  await expect
    .poll(counted, { timeout: 10_000 })
    .toMatchObject({ calls: 1, errors: 0, cancelled: 1, open: 0 });
  const ended = client.watch({ service: '' });
  const over = new Promise((resolve) => ended.on('error', resolve));
  await once(ended, 'data');
  await running.server.drain(5_000);
  await over;
  await expect
    .poll(counted, { timeout: 10_000 })
    .toMatchObject({ calls: 2, errors: 1, cancelled: 1, open: 0 });
});
