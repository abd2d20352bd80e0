import { isFree } from '../services/free-port.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where the server serves unless ROSTRUM_ADDRESS says otherwise. */
export const DEFAULT_ADDRESS = 'localhost:50051';

/** Reads `host:port` or `[host]:port`. @throws Error */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw new Error(`ROSTRUM_ADDRESS must be host:port, such as ${DEFAULT_ADDRESS}; it is ${text}`);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

/** How clients on this machine reach a server that listens there. */
export function clientAddress({ host, port }: Address): string {
  if (['', '0.0.0.0', '::', '127.0.0.1', '::1', 'localhost'].includes(host)) {
    return `localhost:${port}`;
  }
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** @throws Error that says what to do when another program listens there. */
export async function requireFree({ host, port }: Address): Promise<void> {
  if (port === 0) return;
  // The name stands for two addresses, and the server wants both.
  const hosts = host === 'localhost' ? ['127.0.0.1', '::1'] : [host === '' ? '0.0.0.0' : host];
  const free = await Promise.all(hosts.map((each) => isFree(each, port)));
  if (!free.includes(false)) return;
  const other = port < 65_435 ? port + 100 : port - 100;
  throw new Error(
    [
      `port ${port} of ${host || 'this machine'} is in use by another program.`,
      `Stop that program (\`lsof -i :${port}\` names it), or serve elsewhere:`,
      `  ROSTRUM_ADDRESS=localhost:${other} npm start`,
    ].join('\n'),
  );
}
