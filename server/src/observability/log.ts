import { type DestinationStream, type LoggerOptions, type Logger as PinoLogger, pino } from 'pino';
import { LineLimit } from './line-limit.js';
import { LineWriter } from './line-writer.js';

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

/** From info to error. Who sets a lower level asks for everything, and fatal lines end the process. */
const LIMITED = { least: 30, most: 50 };

/**
 * Makes the log of the process. Keys, certificates, passwords and names of players are blotted out.
 * The same message is written 20 times a second at most; `suppressed` counts those left out.
 *
 * @param destination Where lines go; standard output by default.
 */
export function createLog(
  level: LogLevel,
  destination: DestinationStream = new LineWriter(process.stdout.fd),
): Logger {
  const limit = new LineLimit();
  const options: LoggerOptions = {
    hooks: {
      logMethod(args, write, level) {
        if (level < LIMITED.least || level > LIMITED.most) return write.apply(this, args);
        const [fields, message] = args as unknown as [object, string];
        const suppressed = limit.admit(message);
        if (suppressed === undefined) return;
        if (suppressed === 0) return write.apply(this, args);
        write.apply(this, [{ ...fields, suppressed }, message] as unknown as typeof args);
      },
    },
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
  };
  return pino(options, destination);
}
