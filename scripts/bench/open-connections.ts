import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LibraryConnection } from './library-connection.ts';

const HOST = '127.0.0.1';

/** @param certificates a directory with `ca.crt`, `admin.crt` and `admin.key` */
export function openTls(
  port: number,
  certificates: string,
  count: number,
): Promise<LibraryConnection[]> {
  const read = (file: string) => readFileSync(join(certificates, file));
  return open(port, count, { ca: read('ca.crt'), cert: read('admin.crt'), key: read('admin.key') });
}

export function openPlaintext(port: number, count: number): Promise<LibraryConnection[]> {
  return open(port, count, undefined);
}

function open(
  port: number,
  count: number,
  tls: ConstructorParameters<typeof LibraryConnection>[1],
): Promise<LibraryConnection[]> {
  const connections = Array.from({ length: count }, async () => {
    const connection = new LibraryConnection(`${HOST}:${port}`, tls);
    await connection.ready();
    return connection;
  });
  return Promise.all(connections);
}
