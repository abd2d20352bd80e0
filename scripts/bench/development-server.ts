import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ROOT } from '../foreground.ts';

export type IdentityName = 'admin' | 'writer' | 'reader';

/** Where the development server is, and the certificates to call it with. */
export interface DevelopmentServer {
  readonly address: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * The server of `npm start`: at ROSTRUM_ADDRESS, or localhost:50051, with certs/dev.
 *
 * @throws Error that says what to do, when it is not running
 */
export async function findDevelopmentServer(identity: IdentityName): Promise<DevelopmentServer> {
  const address = process.env.ROSTRUM_ADDRESS || 'localhost:50051';
  const file = (name: string) => join(ROOT, 'certs', 'dev', name);
  const server = {
    address,
    ca: file('ca.crt'),
    cert: file(`${identity}.crt`),
    key: file(`${identity}.key`),
  };
  if (!existsSync(server.cert)) throw new Error('there are no certificates yet: run npm start');
  await answers(address);
  return server;
}

function answers(address: string): Promise<void> {
  const { hostname, port } = new URL(`http://${address}`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', () => {
      reject(new Error(`no server answers at ${address}: run npm start in another terminal`));
    });
  });
}
