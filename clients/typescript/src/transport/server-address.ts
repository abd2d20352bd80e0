import { isIP } from 'node:net';
import { invalidOptions } from '../errors/rostrum-error.js';

/** Where servers are: a name may stand for several. */
export interface ServerAddress {
  /** `host:port`, as it was given. */
  readonly text: string;
  /** A name or an IP address, without brackets. */
  readonly host: string;
  /** 1 to 65,535. */
  readonly port: number;
}

/** Where `npm start` serves, and the default of `address`. */
export const DEVELOPMENT_ADDRESS = 'localhost:50051';

const HOST_AND_PORT = /^(?:\[([^\s[\]]+)\]|([^\s/:,[\]]+)):(\d{1,5})$/;

/** Reads `host:port`, several separated by commas, or a list of them. @throws INVALID_OPTIONS */
export function parseAddresses(address: string | readonly string[]): readonly ServerAddress[] {
  const texts = (typeof address === 'string' ? address.split(',') : address).map((text) =>
    typeof text === 'string' ? text.trim() : text,
  );
  if (texts.length === 0) throw invalidOptions('address is an empty list');
  return [...new Set(texts)].map(parseAddress);
}

function parseAddress(text: string): ServerAddress {
  const [, bracketed, plain, digits] = (typeof text === 'string' && HOST_AND_PORT.exec(text)) || [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  const isMeant = bracketed === undefined || isIP(bracketed.replace(/%.*$/, '')) === 6;
  if (host !== undefined && isMeant && port >= 1 && port <= 65_535) return { text, host, port };
  throw invalidOptions(
    `address ${JSON.stringify(text)} is not of the form host:port, with a port from 1 to 65535; several are separated by commas`,
  );
}

/** Whether the host is an IP address: Node refuses one as the name to ask a server for. */
export function isIpAddress({ host }: ServerAddress): boolean {
  return isIP(host) !== 0;
}

/** Whether the address names this machine by its loopback interface. */
export function isLoopback({ host }: ServerAddress): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
