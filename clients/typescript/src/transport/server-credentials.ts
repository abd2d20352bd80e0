import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { Certificates } from './certificates.js';
import type { LoadedTls } from './credentials.js';
import type { ResolvedServers } from './resolved-servers.js';
import { isIpAddress, type ServerAddress } from './server-address.js';

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/**
 * Credentials that ask each server for the name, or the IP address, that it was given by, and check
 * its certificate against that. grpc-js has one name and one set of certificates for a whole channel: here,
 * each connection gets the name of its server, and the certificates as they are by then.
 */
export function serverCredentials(
  certificates: Certificates,
  servers: ResolvedServers,
): ChannelCredentials {
  const base = credentials.createFromSecureContext(certificates.current().context);
  base._createSecureConnector = (_target, options, callCredentials) => {
    const connectors = new Map<string, SecureConnector>();
    let tls = certificates.current();
    const destroyAll = (): void => {
      for (const connector of connectors.values()) connector.destroy();
      connectors.clear();
    };
    const connectorOf = (address: ServerAddress): SecureConnector => {
      const present = certificates.current();
      if (present !== tls) destroyAll();
      tls = present;
      const known = connectors.get(address.text);
      if (known) return known;
      const { credentials: own, name } = expectationOf(tls, address);
      const connector = own._createSecureConnector(
        { scheme: 'dns', path: address.text },
        name === undefined ? options : { ...options, 'grpc.ssl_target_name_override': name },
        callCredentials,
      );
      connectors.set(address.text, connector);
      return connector;
    };
    const any = connectorOf(servers.addresses[0] as ServerAddress);
    return {
      connect: async (socket) => {
        const { remoteAddress, remotePort } = socket;
        const address = servers.addressOf(remoteAddress, remotePort);
        if (address) return await connectorOf(address).connect(socket);
        throw new Error(`no address of a server led to ${remoteAddress}:${remotePort}`);
      },
      waitForReady: () => any.waitForReady(),
      getCallCredentials: () => any.getCallCredentials(),
      destroy: destroyAll,
    };
  };
  return base;
}

/** How to check one server's certificate, and the name to ask it for where it is not the host. */
function expectationOf(
  { context, serverName }: LoadedTls,
  address: ServerAddress,
): { readonly credentials: ChannelCredentials; readonly name: string | undefined } {
  if (serverName !== undefined || !isIpAddress(address)) {
    return { credentials: credentials.createFromSecureContext(context), name: serverName };
  }
  // grpc-js would send the IP address as the server's name, which Node refuses. It sends this name
  // instead, and the certificate is checked against the IP address.
  const check = (_: string, certificate: PeerCertificate) =>
    checkServerIdentity(address.host, certificate);
  return {
    credentials: credentials.createFromSecureContext(context, { checkServerIdentity: check }),
    name: 'ip-address.invalid',
  };
}
