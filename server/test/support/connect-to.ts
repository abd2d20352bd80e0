import { RostrumClient } from '@rostrum/client';
import type { ServerProcess } from './server-process.ts';
import { type TestIdentity, testCertificates } from './test-certificates.ts';

/** A client of one server process; close it in the end. */
export function connectTo(server: ServerProcess, identity: TestIdentity): RostrumClient {
  const { ca, cert, key } = testCertificates(identity);
  return RostrumClient.connect({ address: server.address, tls: { ca, cert, key } });
}
