import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Authority } from '../../../certs/authority.ts';
import { generateCertificates } from '../../../certs/generate.ts';
import { ROOT } from '../../../scripts/foreground.ts';
import { EmbeddedPostgres } from '../../../scripts/services/postgres.ts';
import { LocalRedis } from '../../../scripts/services/redis.ts';
import { temporaryDirectory } from '../../../scripts/services/temporary-directory.ts';
import { LinkProxy } from '../../../server/test/machine/stage/link-proxy.ts';
import { MachineServer } from '../../../server/test/machine/stage/machine-server.ts';
import { makeCertificates } from '../../../server/test/support/make-certificates.ts';

/** A server, and the link by which agents reach it. */
export interface Served {
  readonly server: MachineServer;
  readonly link: LinkProxy;
}

/** The settings of the server that has little room. */
const SMALL = {
  ROSTRUM_MAX_SUBMISSIONS: '10',
  ROSTRUM_MAX_WATCHES: '10',
  ROSTRUM_FEED_RETENTION: '100',
};

/** Servers on one PostgreSQL and one Redis, with certificates, each behind a link that can be broken. */
export interface Stage {
  readonly directory: string;
  /** Has those of every test identity, good and bad; see make-certificates.ts. */
  readonly certificates: string;
  readonly authority: Authority;
  readonly a: Served;
  readonly b: Served;
  /** Has little room; see SMALL. */
  readonly small: Served;
  readonly postgres: EmbeddedPostgres;
  readonly redis: LocalRedis;
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Is run by `heal`. */
  undoLater(sql: string): void;
  /** Brings everything back to how it was at the start, but for the data. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

export async function startStage(): Promise<Stage> {
  const directory = temporaryDirectory('rostrum-conformance-');
  const undo: (() => unknown)[] = [directory.remove];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const file = (name: string) => join(directory.path, name);
    const certificates = file('certificates');
    await makeCertificates(certificates);
    const { authority } = await generateCertificates(certificates);
    const postgres = await EmbeddedPostgres.start({
      dataDirectory: file('postgres'),
      logFile: file('postgres.log'),
    });
    undo.push(() => postgres.stop());
    mkdirSync(file('redis'));
    const redis = await LocalRedis.start({
      directory: file('redis'),
      logFile: file('redis.log'),
      appendOnly: true,
    });
    undo.push(() => redis.stop());
    const env = {
      DATABASE_URL: postgres.url(),
      REDIS_URL: redis.url(),
      ROSTRUM_TLS_CA: join(certificates, 'ca.crt'),
      ROSTRUM_TLS_CERT: join(certificates, 'server.crt'),
      ROSTRUM_TLS_KEY: join(certificates, 'server.key'),
    };
    const serve = async (number: number, settings = {}): Promise<Served> => {
      const log = file(`server-${number}.log`);
      const server = new MachineServer(number, ROOT, { ...env, ...settings }, log);
      await server.start();
      undo.push(() => server.terminate());
      const link = await LinkProxy.open(Number(server.address.split(':').at(-1)));
      undo.push(() => link.close());
      return { server, link };
    };
    const a = await serve(0);
    const b = await serve(1);
    const small = await serve(2, SMALL);
    const pool = new pg.Pool({ connectionString: postgres.url(), max: 2 });
    pool.on('error', () => {}); // an idle connection whose PostgreSQL was killed
    undo.push(() => pool.end());
    const sql = async (text: string, values?: unknown[]) => (await pool.query(text, values)).rows;
    const undoSql: string[] = [];
    return {
      ...{ directory: directory.path, certificates, authority, stop, sql },
      ...{ a, b, small, postgres, redis },
      undoLater: (text) => undoSql.push(text),
      heal: async () => {
        await Promise.all([postgres.start(), redis.start()]);
        for (const text of undoSql.splice(0).reverse()) await sql(text);
        for (const { server, link } of [a, b, small]) {
          server.signal('SIGCONT');
          if (!server.isRunning) await server.start();
          await link.set('pass');
          link.release();
          link.resetDead();
        }
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
