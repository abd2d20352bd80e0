import { join } from 'node:path';
import { generateCertificates } from '../../certs/generate.ts';
import { ROOT } from '../foreground.ts';
import { EmbeddedPostgres } from '../services/postgres.ts';
import { LocalRedis } from '../services/redis.ts';
import type { ServiceProcess } from '../services/service-process.ts';
import { temporaryDirectory } from '../services/temporary-directory.ts';
import { launchServer } from '../start/server.ts';

/** A server process with stores of its own, in a directory that is removed in the end. */
export interface SoakStage {
  readonly server: ServiceProcess;
  /** `host:port`. */
  readonly address: string;
  /** The certificate files of an identity. */
  tls(identity: 'admin' | 'writer' | 'reader'): { ca: string; cert: string; key: string };
  stop(): Promise<void>;
}

export async function startStage(): Promise<SoakStage> {
  const directory = temporaryDirectory('rostrum-soak-');
  const undo: (() => unknown)[] = [directory.remove];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const file = (name: string) => join(directory.path, name);
    await generateCertificates(file('certificates'));
    const postgres = await EmbeddedPostgres.start({
      dataDirectory: file('postgres'),
      logFile: file('postgres.log'),
    });
    undo.push(() => postgres.stop());
    const redis = await LocalRedis.start({
      directory: file('redis'),
      logFile: file('redis.log'),
      appendOnly: true,
      report: (line) => console.log(line),
    });
    undo.push(() => redis.stop());
    const tls = (name: string) => ({
      ca: file('certificates/ca.crt'),
      cert: file(`certificates/${name}.crt`),
      key: file(`certificates/${name}.key`),
    });
    const { ca, cert, key } = tls('server');
    const { server, address } = await launchServer({
      root: ROOT,
      env: {
        ROSTRUM_ADDRESS: '127.0.0.1:0',
        DATABASE_URL: postgres.url(),
        REDIS_URL: redis.url(),
        ROSTRUM_TLS_CA: ca,
        ROSTRUM_TLS_CERT: cert,
        ROSTRUM_TLS_KEY: key,
      },
      logFile: file('server.log'),
      showLog: false,
    });
    undo.push(() => server.stop());
    return { server, address: await address, tls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
