import pg from 'pg';

/**
 * When a session may be ended because the other side is gone, in milliseconds. A machine that
 * vanishes sends nothing: without these, PostgreSQL would keep its sessions, with their locks and
 * snapshots, until the kernel gives up, which takes hours.
 */
export const SESSION_BOUNDS = {
  /** A connection on which nothing comes is asked whether it lives after this, and every 2 s then. */
  keepaliveMs: 5_000,
  /** And is given up when it has not answered for this long. */
  silenceMs: 11_000,
  /** How often a running statement looks whether its client is still there. */
  checkMs: 2_000,
  /** A transaction in which nothing happens: no work of ours waits for anything but PostgreSQL. */
  idleInTransactionMs: 10_000,
} as const;

/**
 * What PostgreSQL is asked for at the beginning of each session. It ignores the settings of TCP for a
 * Unix socket, where the kernel tells of a process that is gone.
 */
const SERVER_SETTINGS = {
  tcp_keepalives_idle: SESSION_BOUNDS.keepaliveMs / 1000,
  tcp_keepalives_interval: 2,
  tcp_keepalives_count: 3,
  tcp_user_timeout: SESSION_BOUNDS.silenceMs,
  client_connection_check_interval: SESSION_BOUNDS.checkMs,
  // A pass over a large ranking takes one core, and leaves the others to submissions.
  max_parallel_workers_per_gather: 0,
} as const;

/**
 * How to connect so that a connection whose other side is gone is noticed by both sides. Options in
 * the URL (`?options=-c …`) count too, and more than ours.
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
 * SQLSTATEs of statements that failed and left their session as it was: refused data, a conflict with
 * another transaction, a lock or an answer that took too long. After any other error a session may be
 * of no more use: its server is going away, or its prepared statements no longer fit the schema.
 */
const LEAVES_SESSION_SOUND = /^(22|23|40|55P03$|57014$)/;

/** Whether a session can go on after a statement of it, outside of a transaction, failed so. */
export function leavesSessionSound(error: unknown): boolean {
  return error instanceof pg.DatabaseError && LEAVES_SESSION_SOUND.test(error.code ?? '');
}
