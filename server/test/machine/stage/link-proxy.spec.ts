import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { LinkProxy } from './link-proxy.ts';

/** Answers each piece with its own name and the piece. */
async function startEcho(name: string): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => socket.write(`${name}:${bytes}`));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

let a: { server: Server; port: number };
let b: { server: Server; port: number };
let proxy: LinkProxy;
const sockets: Socket[] = [];

beforeAll(async () => {
  a = await startEcho('a');
  b = await startEcho('b');
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close();
});

afterAll(() => {
  a.server.close();
  b.server.close();
});

async function open(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: proxy.port });
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** What comes back; undefined when the connection ends, or stays silent for a while. */
async function ask(socket: Socket, text: string): Promise<string | undefined> {
  socket.write(text);
  return await Promise.race([
    once(socket, 'data').then(([bytes]) => String(bytes)),
    once(socket, 'close').then(() => undefined),
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 300)),
  ]).catch(() => undefined);
}

test('passes, cuts, and passes again', async () => {
  proxy = await LinkProxy.open(a.port);
  const socket = await open();
  expect(await ask(socket, '1')).toBe('a:1');
  const closed = once(socket, 'close').catch(() => {});
  await proxy.set('cut');
  await closed;
  await proxy.set('pass');
  expect(await ask(await open(), '2')).toBe('a:2');
});

test('a hole swallows, and what was in it is reset when it closes', async () => {
  proxy = await LinkProxy.open(a.port);
  const socket = await open();
  expect(await ask(socket, '1')).toBe('a:1');
  await proxy.set('hole');
  expect(await ask(socket, '2')).toBeUndefined();
  expect(socket.destroyed).toBe(false);
  const closed = once(socket, 'close').catch(() => {});
  await proxy.set('pass');
  await closed;
});

test('frozen connections stay open and silent, and new ones pass', async () => {
  proxy = await LinkProxy.open(a.port);
  const old = await open();
  expect(await ask(old, '1')).toBe('a:1');
  await proxy.set('frozen');
  await proxy.set('pass');
  expect(await ask(old, '2')).toBeUndefined();
  expect(old.destroyed).toBe(false);
  expect(await ask(await open(), '3')).toBe('a:3');
});

test('leads elsewhere when it is moved', async () => {
  proxy = await LinkProxy.open(a.port);
  const old = await open();
  expect(await ask(old, '1')).toBe('a:1');
  proxy.move(b.port, 'frozen');
  expect(await ask(old, '2')).toBeUndefined();
  expect(await ask(await open(), '3')).toBe('b:3');
});

test('refuses, on the same port as before', async () => {
  proxy = await LinkProxy.open(a.port);
  const { port } = proxy;
  await proxy.set('refuse');
  await expect(open()).rejects.toThrow('ECONNREFUSED');
  await proxy.set('pass');
  expect(proxy.port).toBe(port);
  expect(await ask(await open(), '1')).toBe('a:1');
});

test('swallows the answers alone, and resets the connection afterwards', async () => {
  const asked = Promise.withResolvers<string>();
  const store = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('unasked');
    let all = '';
    socket.on('data', (bytes) => {
      all += bytes;
      socket.write('answer');
      if (all === '12') asked.resolve(all);
    });
  }).listen(0, '127.0.0.1');
  await once(store, 'listening');
  proxy = await LinkProxy.open((store.address() as AddressInfo).port);
  await proxy.set('deaf');
  const socket = await open();
  expect(await ask(socket, '1')).toBeUndefined();
  expect(await ask(socket, '2')).toBeUndefined();
  expect(await asked.promise).toBe('12');
  const closed = once(socket, 'close').catch(() => {});
  await proxy.set('pass');
  await closed;
  store.close();
});
