import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Writes one JSON object a line. Say in words what happened and give what identifies it as fields:
 * `log.info({ address }, 'listening')`. An error goes in as `err`.
 */
export type Logger = PinoLogger;

/** Fields that must never reach a log, at the top or one level down, whoever passes them. */
const SECRETS = [
  'key',
  'privateKey',
  'private_key',
  'cert',
  'certificate',
  'ca',
  'password',
  'connectionString',
  'displayName',
  'display_name',
];

/**
 * Makes the log of the process. Keys, certificates, passwords and names of players are blotted out.
 *
 * @param destination Where lines go; standard output by default.
 */
export function createLog(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
