import { RostrumError } from '@rostrum/client';
import { CommanderError } from 'commander';
import { CliError, ExitCode } from './errors.js';
import { safeText } from './output/safe-text.js';
import type { Style } from './output/style.js';

/** An error as it is shown: as words for people, as this object for scripts. */
export interface ErrorReport {
  /** A gRPC code name, or the command's own word such as `CERTIFICATE_MISSING`. */
  readonly code: string;
  readonly reason?: string;
  readonly message: string;
  readonly hints: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fieldViolations?: readonly { readonly field: string; readonly description: string }[];
}

/** What is known of the call that failed, for better hints. */
export interface ErrorSituation {
  readonly address: string;
  /** The certificate file used and its SAN URI, if it got that far. */
  readonly credentials?:
    | { readonly cert: string; readonly identity: string | undefined }
    | undefined;
}

/** Turns whatever was thrown into a report. */
export function reportOf(error: unknown, situation: ErrorSituation): ErrorReport {
  if (error instanceof CliError) {
    return { code: error.code, message: error.message, hints: error.hints };
  }
  if (error instanceof CommanderError) {
    // Commander puts its suggestion on a line of its own.
    const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return { code: 'USAGE', message, hints: [USAGE] };
  }
  if (error instanceof RostrumError) {
    return {
      code: error.code,
      ...(error.reason === undefined ? {} : { reason: error.reason }),
      message: error.message,
      hints: [...sendAgain(error), ...hintsFor(error, situation)],
      metadata: error.metadata,
      fieldViolations: error.fieldViolations,
    };
  }
  return {
    code: 'UNEXPECTED',
    message: error instanceof Error ? error.message : String(error),
    hints: [],
  };
}

/** The exit code for whatever was thrown. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof RostrumError && error.reason === 'INVALID_OPTIONS') return ExitCode.USAGE;
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
  return ExitCode.FAILURE;
}

/** The report as lines for a terminal. */
export function renderReport(report: ErrorReport, style: Style): string[] {
  const word = report.reason ?? (report.code === 'USAGE' ? undefined : report.code);
  const suffix = word === undefined ? '' : style.dim(` [${safeText(word)}]`);
  const { message, fields } = withoutRepetition(report);
  return [
    `${style.bad('error:')} ${safeText(message)}${suffix}`,
    ...fields.map(
      ({ field, description }) => `  ${style.bold(safeText(field))}: ${safeText(description)}`,
    ),
    ...report.hints.map((hint) => `  ${style.accent('→')} ${safeText(hint)}`),
  ];
}

/** The service's message is the refused fields in one line: each is shown once. */
function withoutRepetition({ message, fieldViolations = [] }: ErrorReport): {
  readonly message: string;
  readonly fields: NonNullable<ErrorReport['fieldViolations']>;
} {
  const [first, second] = fieldViolations;
  if (!first || !message.startsWith(`${first.field}: `)) {
    return { message, fields: fieldViolations };
  }
  if (!second) return { message, fields: [] };
  return { message: 'these fields are not valid', fields: fieldViolations };
}

function hintsFor(error: RostrumError, { address, credentials }: ErrorSituation): string[] {
  const as = cameAs(credentials);
  switch (error.reason) {
    case 'LEADERBOARD_NOT_FOUND':
      return [
        `The first score makes it: \`rostrum submit ${error.metadata.leaderboard_id ?? '<leaderboard>'} <player> <score>\`.`,
        '`rostrum boards` lists what there is; an admin makes one before with `rostrum boards create`.',
      ];
    case 'STANDING_NOT_FOUND':
      return ['The player has no entry on this leaderboard yet; ids are case sensitive.'];
    case 'LEADERBOARD_ALREADY_EXISTS':
      return ['`rostrum boards update` changes it, `rostrum boards get` shows it.'];
    case 'LEADERBOARD_NOT_EMPTY':
      return ['Order and aggregation can change only while a leaderboard has no entries.'];
    case 'ROLE_NOT_ALLOWED': {
      const required = error.metadata.required_role ?? 'admin';
      return [`This needs the role ${required}: try --as ${required}.`, ...as];
    }
    case 'IDENTITY_MISSING':
      return [
        `The certificate must carry the SAN URI spiffe://rostrum/<role>/<name>.`,
        ...as,
        'Use one of certs/dev with --as reader, writer or admin.',
      ];
    case 'STORE_UNAVAILABLE':
      if (error.metadata.store === 'redis') {
        return [
          `The server at ${address} runs; \`rostrum stats\` says what is wrong with its Redis.`,
        ];
      }
      return [
        `The server at ${address} runs but cannot reach its store. Nothing was acknowledged; try again.`,
      ];
    case 'LEADERBOARD_RULES_DIFFER':
      return [
        'Nothing was recorded. Leave --aggregation and --order out to submit by the rules it has.',
      ];
    case 'SUBMISSION_ID_REUSED':
      return ['Leave --id out, or give this submission an id of its own.'];
    case 'SHUTTING_DOWN':
    case 'OVERLOADED':
      return ['Try again in a moment.'];
    case 'TOO_MANY_WATCHES':
      return ['Close other watches, or ask the operator to raise the limit.'];
    case 'RESUME_TOKEN_EXPIRED':
      return ['The changes in between are gone: start the watch again.'];
    case 'NOT_SUPPORTED':
      return ['This server does not support it yet.'];
    case 'INTERNAL':
      return [
        `A fault of the server; its log has the cause${
          error.metadata.request_id ? ` under request ${error.metadata.request_id}` : ''
        }.`,
      ];
    case 'CERTIFICATE_REFUSED':
      return [
        ...as,
        'Check --ca, --cert and --key: they must come from the authority of the server, and be valid now.',
        `If ${address} is the server of another checkout, --address host:port (or ROSTRUM_ADDRESS) names yours.`,
      ];
    case 'CONNECTION_FAILED':
      return [`--address host:port (or ROSTRUM_ADDRESS) names another server than ${address}.`];
    default:
      break;
  }
  if (error.code === 'DEADLINE_EXCEEDED') return [LATE];
  return [];
}

/** How a score that may have been recorded is sent again. */
function sendAgain({ reason, metadata: { submission_id: id } }: RostrumError): string[] {
  if (id === undefined || reason === 'SUBMISSION_ID_REUSED') return [];
  return [`The same command with --id ${id} sends it again, and it counts once.`];
}

function cameAs(credentials: ErrorSituation['credentials']): string[] {
  if (credentials === undefined) return [];
  const { cert, identity } = credentials;
  return [`You came with ${cert}, which is ${identity ?? 'without a Rostrum identity'}.`];
}

const USAGE = '`rostrum help` lists the commands, `rostrum help <command>` explains one.';

const LATE = 'The answer took too long; --timeout 30s waits longer.';
