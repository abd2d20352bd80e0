import { type Cap, DEFAULT_CAP } from './domain/allotment.js';
import { LOG_LEVELS, type LogLevel } from './observability/log.js';
import { ALL_PARTS, type Part } from './transport/internals/parts.js';

const MIB = 1024 * 1024;

/** The settings of a server process. */
export interface Config {
  readonly address: { readonly host: string; readonly port: number };
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Processes that share the address. */
  readonly workers: number;
  readonly logLevel: LogLevel;
  /** Whether a submission to an unknown leaderboard creates it. */
  readonly createLeaderboards: boolean;
  /** Batches of submissions that are written to the store of record at the same time. */
  readonly writeLanes: number;
  /** Changes of a ranking that can be resumed from, at least. */
  readonly feedRetentionChanges: number;
  /** How long a submission id is remembered. */
  readonly idempotencyDays: number;
  /** How long submissions are kept, at least; 0: for ever. */
  readonly submissionRetentionDays: number;
  /** Open watches of one process, at most. */
  readonly maxWatches: number;
  /** Rows of the views that are watched in one process, at most. */
  readonly maxWatchedRows: number;
  /** Open connections of one process, at most. */
  readonly maxConnections: number;
  /** Submissions that wait or are in work in one process, at most. */
  readonly maxSubmissions: number;
  /** Bytes that callers may leave unread, in all and of one connection. */
  readonly maxUnreadBytes: number;
  readonly maxConnectionUnreadBytes: number;
  /** How much of these one identity may have. */
  readonly identityConnections: Cap;
  readonly identityWatches: Cap;
  readonly identityWatchedRows: Cap;
  readonly identitySubmissions: Cap;
  /** How long open calls may go on after SIGTERM. */
  readonly shutdownGraceMs: number;
  /** What is done through private parts of Node and grpc-js. */
  readonly internals: readonly Part[];
}

/** One setting, as the README lists it. */
export interface Setting {
  readonly name: string;
  /** Empty when there is none and the setting must be given. */
  readonly default: string;
  readonly meaning: string;
}

/** All settings, in the order of the README. They are read once, when the server starts. */
export const SETTINGS = [
  {
    name: 'ROSTRUM_ADDRESS',
    default: 'localhost:50051',
    meaning: 'Where to listen: `host:port`, `[ipv6]:port`; port 0 takes a free one',
  },
  {
    name: 'DATABASE_URL',
    default: '',
    meaning: 'PostgreSQL 18 or newer: `postgres://user:password@host:5432/database`',
  },
  { name: 'REDIS_URL', default: '', meaning: 'Redis: `redis://host:6379/0`, `rediss://` for TLS' },
  {
    name: 'ROSTRUM_TLS_CA',
    default: 'certs/dev/ca.crt',
    meaning:
      'File of the authorities that client certificates must come from, PEM; like the next two, a path from the directory in which the server is started',
  },
  {
    name: 'ROSTRUM_TLS_CERT',
    default: 'certs/dev/server.crt',
    meaning: 'File of the server certificate and its intermediates, PEM; re-read on change',
  },
  {
    name: 'ROSTRUM_TLS_KEY',
    default: 'certs/dev/server.key',
    meaning: 'File of the private key of the server certificate, PEM',
  },
  {
    name: 'ROSTRUM_WORKERS',
    default: '1',
    meaning: 'Server processes that share the address, 1 to 64',
  },
  {
    name: 'ROSTRUM_LOG_LEVEL',
    default: 'info',
    meaning: `Least level of the log: ${LOG_LEVELS.join(', ')}`,
  },
  {
    name: 'ROSTRUM_CREATE_LEADERBOARDS',
    default: 'on',
    meaning: 'Whether a submission to an unknown leaderboard creates it: `on` or `off`',
  },
  {
    name: 'ROSTRUM_WRITE_LANES',
    default: '1',
    meaning:
      'Batches that one process writes to PostgreSQL at the same time, 1 to 32; with more than one, players who reach a score at the same moment may tie in any order',
  },
  {
    name: 'ROSTRUM_FEED_RETENTION',
    default: '100000',
    meaning: 'Changes of each ranking that a watch can resume from, 100 to 10000000',
  },
  {
    name: 'ROSTRUM_IDEMPOTENCY_DAYS',
    default: '31',
    meaning: 'Days for which a repeated `submission_id` is recognised, 1 to 3650',
  },
  {
    name: 'ROSTRUM_SUBMISSION_RETENTION_DAYS',
    default: '0',
    meaning:
      'Days for which submissions are kept, at least `ROSTRUM_IDEMPOTENCY_DAYS`; whole months that are older are dropped; 0: kept for ever',
  },
  {
    name: 'ROSTRUM_MAX_WATCHES',
    default: '20000',
    meaning: 'Open watches of one process, 1 to 1000000',
  },
  {
    name: 'ROSTRUM_MAX_WATCHED_ROWS',
    default: '250000',
    meaning:
      'Standings that the watched views of one process show together, a view counted once however many watch it, 1000 to 100000000; each takes 0.8 KB of memory, up to 2 KB with long ids, names and metadata',
  },
  {
    name: 'ROSTRUM_MAX_CONNECTIONS',
    default: '20000',
    meaning: 'Open connections of one process, 1 to 1000000',
  },
  {
    name: 'ROSTRUM_MAX_SUBMISSIONS',
    default: '50000',
    meaning: 'Submissions that wait or are in work in one process, 1 to 1000000',
  },
  {
    name: 'ROSTRUM_MAX_UNREAD_MIB',
    default: '256',
    meaning:
      'MiB of answers and messages of one process that callers may leave unread, 16 to 65536; one identity may have 90 % of what the others leave',
  },
  {
    name: 'ROSTRUM_MAX_CONNECTION_UNREAD_MIB',
    default: '64',
    meaning: 'The same for one connection, 4 to 65536',
  },
  {
    name: 'ROSTRUM_IDENTITY_CONNECTIONS',
    default: '90%',
    meaning:
      'Connections that one identity may have open: a share of what the others leave free, 1% to 100%, or a number',
  },
  {
    name: 'ROSTRUM_IDENTITY_WATCHES',
    default: '90%',
    meaning: 'The same for open watches',
  },
  {
    name: 'ROSTRUM_IDENTITY_WATCHED_ROWS',
    default: '90%',
    meaning: 'The same for the standings of watched views',
  },
  {
    name: 'ROSTRUM_IDENTITY_SUBMISSIONS',
    default: '90%',
    meaning: 'The same for submissions that wait or are in work',
  },
  {
    name: 'ROSTRUM_SHUTDOWN_GRACE_MS',
    default: '10000',
    meaning: 'Milliseconds that open calls may go on after SIGTERM, 0 to 600000',
  },
  {
    name: 'ROSTRUM_INTERNALS',
    default: 'all',
    meaning: `What is done through private parts of Node and grpc-js, see [why](server/src/transport/internals/README.md): \`all\`, \`none\`, or some of ${ALL_PARTS.join(', ')}`,
  },
] as const satisfies readonly Setting[];

type SettingName = (typeof SETTINGS)[number]['name'];

/** All that is wrong with the settings; the message has a line for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/**
 * Reads the settings. An empty value counts as not set.
 *
 * @throws ConfigError that names every setting that is missing or wrong. Values of URLs are not
 * repeated: they hold passwords.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const reader = new SettingReader(env);
  const config: Config = {
    address: reader.address('ROSTRUM_ADDRESS'),
    databaseUrl: reader.url('DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: reader.url('REDIS_URL', ['redis:', 'rediss:']),
    tls: {
      ca: reader.text('ROSTRUM_TLS_CA'),
      cert: reader.text('ROSTRUM_TLS_CERT'),
      key: reader.text('ROSTRUM_TLS_KEY'),
    },
    workers: reader.integer('ROSTRUM_WORKERS', 1, 64),
    logLevel: reader.choice('ROSTRUM_LOG_LEVEL', LOG_LEVELS),
    createLeaderboards: reader.choice('ROSTRUM_CREATE_LEADERBOARDS', ['on', 'off']) === 'on',
    writeLanes: reader.integer('ROSTRUM_WRITE_LANES', 1, 32),
    feedRetentionChanges: reader.integer('ROSTRUM_FEED_RETENTION', 100, 10_000_000),
    idempotencyDays: reader.integer('ROSTRUM_IDEMPOTENCY_DAYS', 1, 3650),
    submissionRetentionDays: reader.retentionDays(),
    maxWatches: reader.integer('ROSTRUM_MAX_WATCHES', 1, 1_000_000),
    maxWatchedRows: reader.integer('ROSTRUM_MAX_WATCHED_ROWS', 1_000, 100_000_000),
    maxConnections: reader.integer('ROSTRUM_MAX_CONNECTIONS', 1, 1_000_000),
    maxSubmissions: reader.integer('ROSTRUM_MAX_SUBMISSIONS', 1, 1_000_000),
    maxUnreadBytes: reader.integer('ROSTRUM_MAX_UNREAD_MIB', 16, 65_536) * MIB,
    maxConnectionUnreadBytes: reader.integer('ROSTRUM_MAX_CONNECTION_UNREAD_MIB', 4, 65_536) * MIB,
    identityConnections: reader.cap('ROSTRUM_IDENTITY_CONNECTIONS'),
    identityWatches: reader.cap('ROSTRUM_IDENTITY_WATCHES'),
    identityWatchedRows: reader.cap('ROSTRUM_IDENTITY_WATCHED_ROWS'),
    identitySubmissions: reader.cap('ROSTRUM_IDENTITY_SUBMISSIONS'),
    shutdownGraceMs: reader.integer('ROSTRUM_SHUTDOWN_GRACE_MS', 0, 600_000),
    internals: reader.some('ROSTRUM_INTERNALS', ALL_PARTS),
  };
  reader.finish();
  return config;
}

/** Names that start like settings and are none, most likely misspelt. */
export function unknownSettings(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set<string>(SETTINGS.map(({ name }) => name));
  return Object.keys(env).filter((name) => name.startsWith('ROSTRUM_') && !known.has(name));
}

class SettingReader {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #problems: string[] = [];

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  text(name: SettingName): string {
    const given = this.#env[name]?.trim();
    if (given) return given;
    const fallback = SETTINGS.find((setting) => setting.name === name)?.default ?? '';
    if (fallback === '') this.#problems.push(`${name} must be set`);
    return fallback;
  }

  integer(name: SettingName, minimum: number, maximum: number): number {
    const text = this.text(name);
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    this.#refuse(name, text, `a whole number from ${minimum} to ${maximum}`);
    return minimum;
  }

  /** Days of retention: 0, or no less than submission ids are recognised. */
  retentionDays(): number {
    const name = 'ROSTRUM_SUBMISSION_RETENTION_DAYS';
    const days = this.integer(name, 0, 36_500);
    const least = Number(this.text('ROSTRUM_IDEMPOTENCY_DAYS'));
    if (days > 0 && days < least) {
      this.#refuse(
        name,
        String(days),
        `0, or at least ROSTRUM_IDEMPOTENCY_DAYS, which is ${least}`,
      );
    }
    return days;
  }

  cap(name: SettingName): Cap {
    const text = this.text(name);
    const match = /^(\d{1,9})(%?)$/.exec(text);
    const value = Number(match?.[1]);
    const isShare = match?.[2] === '%';
    if (value >= 1 && (!isShare || value <= 100)) {
      return isShare
        ? { share: value / 100, most: Number.POSITIVE_INFINITY }
        : { share: 1, most: value };
    }
    this.#refuse(name, text, 'a share from 1% to 100%, or a whole number from 1 on');
    return DEFAULT_CAP;
  }

  choice<T extends string>(name: SettingName, choices: readonly T[]): T {
    const text = this.text(name);
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    this.#refuse(name, text, `one of ${choices.join(', ')}`);
    return choices[0] as T;
  }

  /** All, none, or those named with commas between. */
  some<T extends string>(name: SettingName, choices: readonly T[]): readonly T[] {
    const text = this.text(name);
    if (text === 'all') return choices;
    const names = text === 'none' ? [] : text.split(',').map((each) => each.trim());
    const chosen = choices.filter((choice) => names.includes(choice));
    if (chosen.length !== names.length) {
      this.#refuse(name, text, `all, none, or some of ${choices.join(', ')}`);
    }
    return chosen;
  }

  url(name: SettingName, protocols: readonly string[]): string {
    const text = this.text(name);
    if (text === '') return text;
    if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol)) {
      const forms = protocols.map((protocol) => `${protocol}//…`).join(' or ');
      this.#problems.push(`${name} must be a URL of the form ${forms}`);
    }
    return text;
  }

  address(name: SettingName): { host: string; port: number } {
    const text = this.text(name);
    const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
    const port = Number(match?.[3]);
    const host = match?.[1] ?? match?.[2];
    if (host !== undefined && port <= 65_535) return { host, port };
    this.#refuse(name, text, 'host:port, such as localhost:50051 or [::]:50051');
    return { host: '', port: 0 };
  }

  /** @throws ConfigError if anything was wrong. */
  finish(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  #refuse(name: SettingName, text: string, expected: string): void {
    this.#problems.push(`${name} is ${JSON.stringify(text)}; it must be ${expected}`);
  }
}
