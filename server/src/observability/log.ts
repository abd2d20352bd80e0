import { type DestinationStream, type LoggerOptions, type Logger as PinoLogger, pino } from 'pino';
import { isOutage, outageReason } from '../domain/outage.js';
import { type Allowance, LineLimit } from './line-limit.js';
import { LineWriter } from './line-writer.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Writes one JSON object a line. Say in words what happened and give what identifies it as fields:
 * `log.info({ address }, 'listening')`. An error goes in as `err`; where a store is to blame, the line has
 * the reason in words instead.
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
/** Of one message. */
const OF_A_MESSAGE: Allowance = { lines: 20, periodMs: 1_000 };
/** Of one message about one thing that is wrong with a store: it may last for hours. */
const OF_AN_OUTAGE: Allowance = { lines: 1, periodMs: 60_000 };

/**
 * Makes the log of the process. Keys, certificates, passwords and names of players are blotted out.
 * The same message is written 20 times a second at most, about an outage of a store once a minute for each
 * reason; `suppressed` counts those left out.
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
        const [given, message] = args as unknown as [{ err?: unknown; reason?: string }, string];
        const outage = isOutage(given.err) ? outageReason(given.err) : undefined;
        const fields = outage === undefined ? given : withReason(given, outage);
        const put = (line: object) => write.apply(this, [line, message] as unknown as typeof args);
        if (level < LIMITED.least || level > LIMITED.most) return put(fields);
        const suppressed =
          outage === undefined
            ? limit.admit(message, OF_A_MESSAGE)
            : limit.admit(`${message} ${outage}`, OF_AN_OUTAGE);
        if (suppressed !== undefined) put(suppressed === 0 ? fields : { ...fields, suppressed });
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

/** With words instead of an error; what has a reason already keeps it. */
function withReason(fields: { err?: unknown; reason?: string }, words: string): object {
  const { err: _, ...others } = fields;
  return others.reason === undefined ? { ...others, reason: words } : { ...others, err: words };
}
