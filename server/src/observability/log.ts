import { type DestinationStream, type LoggerOptions, type Logger as PinoLogger, pino } from 'pino';
import { isOutage, outageReason } from '../domain/outage.js';
import { type Allowance, LineLimit } from './line-limit.js';
import { LineWriter } from './line-writer.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Writes one JSON object per line. Say in words what happened, and put what identifies it into fields:
 * `log.info({ address }, 'listening')`. Pass an error as `err`. If it says that a store cannot be
 * reached, the line has the reason in words instead.
 */
export type Logger = PinoLogger;

/** Fields that must never reach a log, at the top level or one level down. */
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

/** From info to error. Lower levels ask for everything, and a fatal line is the last one anyway. */
const LIMITED = { least: 30, most: 50 };
/** For one message. */
const OF_A_MESSAGE: Allowance = { lines: 20, periodMs: 1_000 };
/** For one message about one reason why a store cannot be reached, which may last for hours. */
const OF_AN_OUTAGE: Allowance = { lines: 1, periodMs: 60_000 };

/**
 * Makes the log of the process. Keys, certificates, passwords and player names are redacted. The same
 * message is written at most 20 times a second, one about the outage of a store once a minute for each
 * reason. `suppressed` counts those left out.
 *
 * @param destination where lines go; standard output by default
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

/** The fields with words instead of the error. A reason that is there already stays. */
function withReason(fields: { err?: unknown; reason?: string }, words: string): object {
  const { err: _, ...others } = fields;
  return others.reason === undefined ? { ...others, reason: words } : { ...others, err: words };
}
