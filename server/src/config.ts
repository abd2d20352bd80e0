import { LOG_LEVELS } from './observability/log.js';
import {
  ADDRESS,
  CAP,
  type Kind,
  mebibytes,
  ON_OR_OFF,
  oneOf,
  someOf,
  TEXT,
  url,
  wholeNumber,
} from './setting-kinds.js';
import { ALL_PARTS } from './transport/internals/parts.js';

/** One setting, as the README lists it. */
interface Setting {
  readonly name: string;
  /** Empty when there is none and the setting must be given. */
  readonly default: string;
  readonly kind: Kind<unknown>;
  readonly meaning: string;
}

/** All settings, in the order of the README, by their names in `Config`. */
export const SETTINGS = {
  address: {
    name: 'ROSTRUM_ADDRESS',
    default: 'localhost:50051',
    kind: ADDRESS,
    meaning: 'Where to listen: `host:port`, `[ipv6]:port`; port 0 takes a free one',
  },
  databaseUrl: {
    name: 'DATABASE_URL',
    default: '',
    kind: url('postgres:', 'postgresql:'),
    meaning: 'PostgreSQL 18 or newer: `postgres://user:password@host:5432/database`',
  },
  redisUrl: {
    name: 'REDIS_URL',
    default: '',
    kind: url('redis:', 'rediss:'),
    meaning: 'Redis: `redis://host:6379/0`, `rediss://` for TLS',
  },
  tlsCa: {
    name: 'ROSTRUM_TLS_CA',
    default: 'certs/dev/ca.crt',
    kind: TEXT,
    meaning:
      'File of the authorities that client certificates must come from, PEM; like the next two, a path from the directory in which the server is started',
  },
  tlsCert: {
    name: 'ROSTRUM_TLS_CERT',
    default: 'certs/dev/server.crt',
    kind: TEXT,
    meaning: 'File of the server certificate and its intermediates, PEM; re-read on change',
  },
  tlsKey: {
    name: 'ROSTRUM_TLS_KEY',
    default: 'certs/dev/server.key',
    kind: TEXT,
    meaning: 'File of the private key of the server certificate, PEM',
  },
  workers: {
    name: 'ROSTRUM_WORKERS',
    default: '1',
    kind: wholeNumber(1, 64),
    meaning: 'Server processes that share the address, 1 to 64',
  },
  logLevel: {
    name: 'ROSTRUM_LOG_LEVEL',
    default: 'info',
    kind: oneOf(LOG_LEVELS),
    meaning: `Least level of the log: ${LOG_LEVELS.join(', ')}`,
  },
  createLeaderboards: {
    name: 'ROSTRUM_CREATE_LEADERBOARDS',
    default: 'on',
    kind: ON_OR_OFF,
    meaning: 'Whether a submission to an unknown leaderboard creates it: `on` or `off`',
  },
  writeLanes: {
    name: 'ROSTRUM_WRITE_LANES',
    default: '1',
    kind: wholeNumber(1, 32),
    meaning:
      'Batches that one process writes to PostgreSQL at the same time, 1 to 32; with more than one, players who reach a score at the same moment may tie in any order',
  },
  feedRetentionChanges: {
    name: 'ROSTRUM_FEED_RETENTION',
    default: '100000',
    kind: wholeNumber(100, 10_000_000),
    meaning: 'Changes of each ranking that a watch can resume from, 100 to 10000000',
  },
  idempotencyDays: {
    name: 'ROSTRUM_IDEMPOTENCY_DAYS',
    default: '31',
    kind: wholeNumber(1, 3650),
    meaning: 'Days for which a repeated `submission_id` is recognised, 1 to 3650',
  },
  submissionRetentionDays: {
    name: 'ROSTRUM_SUBMISSION_RETENTION_DAYS',
    default: '0',
    kind: wholeNumber(0, 36_500),
    meaning:
      'Days for which submissions are kept, at least `ROSTRUM_IDEMPOTENCY_DAYS`; whole months that are older are dropped; 0: kept for ever',
  },
  maxWatches: {
    name: 'ROSTRUM_MAX_WATCHES',
    default: '20000',
    kind: wholeNumber(1, 1_000_000),
    meaning: 'Open watches of one process, 1 to 1000000',
  },
  maxWatchedRows: {
    name: 'ROSTRUM_MAX_WATCHED_ROWS',
    default: '250000',
    kind: wholeNumber(1_000, 100_000_000),
    meaning:
      'Standings that the watched views of one process show together, a view counted once however many watch it, 1000 to 100000000; each takes 0.8 KB of memory, up to 2 KB with long ids, names and metadata',
  },
  maxConnections: {
    name: 'ROSTRUM_MAX_CONNECTIONS',
    default: '20000',
    kind: wholeNumber(1, 1_000_000),
    meaning: 'Open connections of one process, 1 to 1000000',
  },
  maxSubmissions: {
    name: 'ROSTRUM_MAX_SUBMISSIONS',
    default: '50000',
    kind: wholeNumber(1, 1_000_000),
    meaning: 'Submissions that wait or are in work in one process, 1 to 1000000',
  },
  maxUnreadBytes: {
    name: 'ROSTRUM_MAX_UNREAD_MIB',
    default: '256',
    kind: mebibytes(16, 65_536),
    meaning:
      'MiB of answers and messages of one process that callers may leave unread, 16 to 65536; one identity may have 90 % of what the others leave',
  },
  maxConnectionUnreadBytes: {
    name: 'ROSTRUM_MAX_CONNECTION_UNREAD_MIB',
    default: '64',
    kind: mebibytes(4, 65_536),
    meaning: 'The same for one connection, 4 to 65536',
  },
  identityConnections: {
    name: 'ROSTRUM_IDENTITY_CONNECTIONS',
    default: '90%',
    kind: CAP,
    meaning:
      'Connections that one identity may have open: a share of what the others leave free, 1% to 100%, or a number',
  },
  identityWatches: {
    name: 'ROSTRUM_IDENTITY_WATCHES',
    default: '90%',
    kind: CAP,
    meaning: 'The same for open watches',
  },
  identityWatchedRows: {
    name: 'ROSTRUM_IDENTITY_WATCHED_ROWS',
    default: '90%',
    kind: CAP,
    meaning: 'The same for the standings of watched views',
  },
  identitySubmissions: {
    name: 'ROSTRUM_IDENTITY_SUBMISSIONS',
    default: '90%',
    kind: CAP,
    meaning: 'The same for submissions that wait or are in work',
  },
  shutdownGraceMs: {
    name: 'ROSTRUM_SHUTDOWN_GRACE_MS',
    default: '10000',
    kind: wholeNumber(0, 600_000),
    meaning: 'Milliseconds that open calls may go on after SIGTERM, 0 to 600000',
  },
  internals: {
    name: 'ROSTRUM_INTERNALS',
    default: 'all',
    kind: someOf(ALL_PARTS),
    meaning: `What is done through private parts of Node and grpc-js, see [why](server/src/transport/internals/README.md): \`all\`, \`none\`, or some of ${ALL_PARTS.join(', ')}`,
  },
} as const satisfies Record<string, Setting>;

/** The settings of a server process, read once, when it starts. */
export type Config = {
  readonly [Key in keyof typeof SETTINGS]: (typeof SETTINGS)[Key]['kind'] extends Kind<infer Value>
    ? Value
    : never;
};

/** All that is wrong with the settings; the message has a line for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the settings. An empty value counts as not set.
 *
 * @throws ConfigError that names every setting that is missing or wrong. Values of URLs are not
 * repeated: they hold passwords.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const values = Object.entries(SETTINGS).map(([key, setting]) => {
    const { name, default: fallback, kind }: Setting = setting;
    const text = env[name]?.trim() || fallback;
    const value = kind.parse(text);
    if (text === '') problems.push(`${name} must be set`);
    else if (value === undefined) problems.push(`${name} ${problemOf(kind, text)}`);
    return [key, value];
  });
  const config = Object.fromEntries(values) as Config;
  const { submissionRetentionDays, idempotencyDays } = config;
  if (submissionRetentionDays > 0 && submissionRetentionDays < idempotencyDays) {
    problems.push(
      `ROSTRUM_SUBMISSION_RETENTION_DAYS is "${submissionRetentionDays}"; it must be 0, or at least ROSTRUM_IDEMPOTENCY_DAYS, which is ${idempotencyDays}`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return config;
}

function problemOf({ isSecret, rule }: Kind<unknown>, text: string): string {
  return isSecret ? `must be ${rule}` : `is ${JSON.stringify(text)}; it must be ${rule}`;
}

/** Names that start like settings and are none, most likely misspelt. */
export function unknownSettings(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set<string>(Object.values(SETTINGS).map(({ name }) => name));
  return Object.keys(env).filter((name) => name.startsWith('ROSTRUM_') && !known.has(name));
}
