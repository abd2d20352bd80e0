import { readFileSync } from 'node:fs';
import { connect as connectPlaintext } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { GrpcConnection, type LoadConnection } from './grpc-connection.ts';
import { LibraryConnection } from './library-connection.ts';
import type { LoadClient } from './messages.ts';

const HOST = '127.0.0.1';

/** Of the clients that a process of Node can be; hears of a connection of `bare` that breaks. */
export interface ConnectionsWanted {
  readonly client: LoadClient;
  readonly count: number;
  readonly onBroken: (error: Error) => void;
}

/** @param certificates a directory with `ca.crt`, `admin.crt` and `admin.key` */
export function openTls(
  port: number,
  certificates: string,
  wanted: ConnectionsWanted,
): Promise<LoadConnection[]> {
  const read = (file: string) => readFileSync(join(certificates, file));
  const tls = { ca: read('ca.crt'), cert: read('admin.crt'), key: read('admin.key') };
  return several(wanted, () => {
    if (wanted.client === 'library') return openLibrary(port, tls);
    return new Promise((resolve, reject) => {
      const ALPNProtocols = ['h2'];
      const socket = connectTls({
        host: HOST,
        port,
        servername: 'localhost',
        ALPNProtocols,
        ...tls,
      });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.setNoDelay(true);
        resolve(new GrpcConnection(socket, 'https', wanted.onBroken));
      });
    });
  });
}

export function openPlaintext(port: number, wanted: ConnectionsWanted): Promise<LoadConnection[]> {
  return several(wanted, () => {
    if (wanted.client === 'library') return openLibrary(port, undefined);
    return new Promise((resolve, reject) => {
      const socket = connectPlaintext({ host: HOST, port, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new GrpcConnection(socket, 'http', wanted.onBroken)));
    });
  });
}

async function openLibrary(
  port: number,
  tls: ConstructorParameters<typeof LibraryConnection>[1],
): Promise<LoadConnection> {
  const connection = new LibraryConnection(`${HOST}:${port}`, tls);
  await connection.ready();
  return connection;
}

function several(
  { count }: ConnectionsWanted,
  open: () => Promise<LoadConnection>,
): Promise<LoadConnection[]> {
  return Promise.all(Array.from({ length: count }, open));
}
