import { Authority } from '../../../certs/authority.ts';
import { generateCertificates, writePair } from '../../../certs/generate.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const WRITER = ['spiffe://rostrum/writer/writer'];

/** Makes the good identities and one of each kind that must not be let in; see test-certificates. */
export async function makeCertificates(directory: string): Promise<void> {
  const { authority } = await generateCertificates(directory);
  const foreign = await Authority.create('Somebody else');
  const now = Date.now();
  const bad = {
    foreign: foreign.issue({ commonName: 'foreign', uris: WRITER, usage: 'client' }),
    expired: authority.issue({
      commonName: 'expired',
      uris: WRITER,
      usage: 'client',
      notBefore: new Date(now - 2 * DAY_MS),
      notAfter: new Date(now - DAY_MS),
    }),
    early: authority.issue({
      commonName: 'early',
      uris: WRITER,
      usage: 'client',
      notBefore: new Date(now + DAY_MS),
      notAfter: new Date(now + 2 * DAY_MS),
    }),
    roleless: authority.issue({ commonName: 'roleless', usage: 'client' }),
    stranger: authority.issue({
      commonName: 'stranger',
      uris: ['spiffe://rostrum/owner/stranger'],
      usage: 'client',
    }),
  };
  for (const [name, pair] of Object.entries(bad)) writePair(directory, name, await pair);
}
