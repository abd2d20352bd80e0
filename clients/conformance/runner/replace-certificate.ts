import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import type { KeyPair } from '../../../certs/authority.ts';
import { writePair } from '../../../certs/generate.ts';
import type { JsonObject } from './json.ts';
import type { Stage } from './stage.ts';

/** A server looks at its files every five seconds. */
const PATIENCE_MS = 30_000;

/**
 * Writes a certificate and its key, `to` a path without an ending: one of a `role` that is valid for some `seconds`
 * (a day unless told otherwise). `to: server` gives the servers a new one, and waits until they show it.
 */
export async function replaceCertificate(
  { to, role, seconds }: JsonObject,
  { authority, certificates, directory, a, b, small }: Stage,
): Promise<void> {
  if (to === 'server') {
    const pair = await authority.issue({
      ...{ commonName: 'renewed server', uris: ['spiffe://rostrum/server/server'] },
      ...{ hosts: ['localhost', '127.0.0.1', '::1'], usage: 'server' },
    });
    writePair(certificates, 'server', pair);
    const ca = readFileSync(join(certificates, 'ca.crt'));
    await Promise.all(
      [a, b, small].map(({ server }) => awaitShown(pair, ca, Number(server.address.split(':')[1]))),
    );
    return;
  }
  const pair = await authority.issue({
    ...{ commonName: String(role), uris: [`spiffe://rostrum/${role}/${role}`], usage: 'client' },
    notAfter: new Date(Date.now() + Number(seconds ?? 86_400) * 1000),
  });
  writePair(directory, String(to).slice(directory.length + 1), pair);
}

async function awaitShown({ certificate }: KeyPair, ca: Buffer, port: number): Promise<void> {
  const wanted = new X509Certificate(certificate).fingerprint256;
  const giveUpAt = performance.now() + PATIENCE_MS;
  while ((await shownAt(port, ca)) !== wanted) {
    if (performance.now() > giveUpAt) throw new Error('a server does not show its new certificate');
    await delay(100);
  }
}

/** The fingerprint of the certificate that a server shows. It comes before that of the client is asked for. */
async function shownAt(port: number, ca: Buffer): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca, ALPNProtocols: ['h2'] });
    socket.once('secureConnect', () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256);
      socket.destroy();
    });
    socket.once('error', () => resolve(undefined));
  });
}
