import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from './database.js';
import { migrate } from './migrate.js';

function message(type: string, body: string): Buffer {
  const bytes = Buffer.alloc(5 + body.length);
  bytes.write(type + '\0'.repeat(4) + body, 'latin1');
  bytes.writeInt32BE(4 + body.length, 1);
  return bytes;
}

let server: Server;
let url: string;

/**
 * PostgreSQL, shut down while a connection is made, sends both in one piece, which cannot be had from
 * a real one at will. Found by the fault machine: the server ended with an unhandled error.
 */
beforeAll(async () => {
  const ready = [message('R', '\0\0\0\0'), message('Z', 'I')];
  const end = message('E', 'SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0');
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(Buffer.concat([...ready, end])));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `postgres://name:password@127.0.0.1:${(server.address() as AddressInfo).port}/database`;
});

afterAll(() => {
  server?.close();
});

test('a connection whose first bytes bring its end fails its query, and nothing else', async () => {
  const database = new Database({
    url,
    name: 'test',
    maxConnections: 1,
    statementTimeoutMs: 1_000,
    connectTimeoutMs: 1_000,
  });
  const query = database.query({ name: 'one', text: 'SELECT 1' }, []);
  await expect(query).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  await database.close();
});

test('so does that of a migration', async () => {
  await expect(migrate(url)).rejects.toThrow('terminating connection');
});
