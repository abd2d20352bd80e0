import pg from 'pg';

/**
 * When a session may be ended because the other side is gone, in milliseconds. A machine that
 * vanishes sends nothing: without these, PostgreSQL would keep its sessions, with their locks and
 * snapshots, until the kernel gives up, which takes hours.
 */
export const SESSION_BOUNDS = {
  /** A silent connection is probed after this long, and every 2 s from then on. */
  keepaliveMs: 5_000,
  /** It is given up when it has not answered for this long. */
  silenceMs: 11_000,
  /** How often a running statement looks whether its client is still there. */
  checkMs: 2_000,
  /** An idle transaction is ended after this long: ours wait for nothing but PostgreSQL. */
  idleInTransactionMs: 10_000,
} as const;

/** Settings of each session. PostgreSQL ignores those of TCP on a Unix socket, which needs none. */
const SERVER_SETTINGS = {
  tcp_keepalives_idle: SESSION_BOUNDS.keepaliveMs / 1000,
  tcp_keepalives_interval: 2,
  tcp_keepalives_count: 3,
  tcp_user_timeout: SESSION_BOUNDS.silenceMs,
  client_connection_check_interval: SESSION_BOUNDS.checkMs,
  // A pass over a large ranking takes one core, and leaves the others to submissions.
  max_parallel_workers_per_gather: 0,
  // What a database or a role may be set to otherwise: scores would be rounded on their way, and
  // statements fail that wait for each other.
  extra_float_digits: 1,
  default_transaction_isolation: 'read\\ committed',
  array_nulls: 'on',
} as const;

/**
 * How to connect so that each side notices when the other is gone. Options in the URL
 * (`?options=-c …`) take precedence over ours.
 */
export function sessionConfig(url: string): pg.ClientConfig {
  const { address, options } = splitOptions(url);
  const ours = Object.entries(SERVER_SETTINGS).map(([name, value]) => `-c ${name}=${value}`);
  return {
    connectionString: address,
    options: [...ours, options].join(' ').trim(),
    idle_in_transaction_session_timeout: SESSION_BOUNDS.idleInTransactionMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: SESSION_BOUNDS.keepaliveMs,
  };
}

/** The driver takes options either from the URL or from its settings, not from both. */
function splitOptions(url: string): { address: string; options: string } {
  if (!URL.canParse(url)) return { address: url, options: '' };
  const parsed = new URL(url);
  const options = parsed.searchParams.get('options') ?? '';
  if (options === '') return { address: url, options };
  parsed.searchParams.delete('options');
  return { address: parsed.href, options };
}

/**
 * SQLSTATEs of failures that leave the session as it was: refused data, a conflict with another
 * transaction, a lock or an answer that took too long. After others the session may be useless: its server
 * is going away, or its prepared statements no longer fit the schema.
 */
const LEAVES_SESSION_SOUND = /^(22|23|40|55P03$|57014$)/;

/** Whether a session can go on after this error of a statement outside of a transaction. */
export function leavesSessionSound(error: unknown): boolean {
  return error instanceof pg.DatabaseError && LEAVES_SESSION_SOUND.test(error.code ?? '');
}
