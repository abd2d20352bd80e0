import { RostrumError } from '@rostrum/client';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, renderReport, reportOf } from './error-report.js';
import { CliError, UsageError } from './errors.js';
import { makeStyle } from './output/style.js';

const situation = {
  address: 'localhost:50051',
  credentials: { cert: '/certs/reader.crt', identity: 'spiffe://rostrum/reader/reader' },
};
const style = makeStyle(false);

describe('error reports', () => {
  it('say which role is needed and as whom one came', () => {
    const error = new RostrumError('PERMISSION_DENIED', 'ROLE_NOT_ALLOWED', 'not allowed', {
      metadata: { role: 'reader', required_role: 'writer' },
    });
    expect(renderReport(reportOf(error, situation), style)).toEqual([
      'error: not allowed [ROLE_NOT_ALLOWED]',
      '  → This needs the role writer: try --as writer.',
      '  → You came with /certs/reader.crt, which is spiffe://rostrum/reader/reader.',
    ]);
  });

  it('list each refused field', () => {
    const error = new RostrumError('INVALID_ARGUMENT', 'INVALID_FIELD', 'a field is not valid', {
      fieldViolations: [{ field: 'submission.player_id', description: 'is not an id' }],
    });
    expect(renderReport(reportOf(error, situation), style)).toContain(
      '  submission.player_id: is not an id',
    );
  });

  it('say each refused field once', () => {
    const [a, b] = [
      { field: 'a', description: 'is not an id' },
      { field: 'b', description: 'is empty' },
    ] as const;
    const lines = (
      message: string,
      ...fieldViolations: readonly { field: string; description: string }[]
    ) => {
      const error = new RostrumError('INVALID_ARGUMENT', 'INVALID_FIELD', message, {
        fieldViolations,
      });
      return renderReport(reportOf(error, situation), style);
    };
    expect(lines('a: is not an id', a)).toEqual(['error: a: is not an id [INVALID_FIELD]']);
    expect(lines('a: is not an id; b: is empty', a, b)).toEqual([
      'error: these fields are not valid [INVALID_FIELD]',
      '  a: is not an id',
      '  b: is empty',
    ]);
  });

  it('say what a misspelt command may have meant, on the same line', () => {
    const error = new CommanderError(
      1,
      'commander.unknownCommand',
      "error: unknown command 'sumbit'\n(Did you mean submit?)",
    );
    expect(renderReport(reportOf(error, situation), style)[0]).toBe(
      "error: unknown command 'sumbit' (Did you mean submit?)",
    );
  });

  it('say that a certificate is refused where another checkout may serve', () => {
    const error = new RostrumError('UNAUTHENTICATED', 'CERTIFICATE_REFUSED', 'refused');
    expect(reportOf(error, situation).hints).toContain(
      'If localhost:50051 is the server of another checkout, --address host:port (or ROSTRUM_ADDRESS) names yours.',
    );
  });

  it('say how a score that may have been recorded is sent again', () => {
    const metadata = { submission_id: 'a1' };
    const hint = 'The same command with --id a1 sends it again, and it counts once.';
    for (const reason of ['CONNECTION_FAILED', 'STORE_UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const) {
      const error = new RostrumError('UNAVAILABLE', reason, 'failed', { metadata });
      expect(reportOf(error, situation).hints).toContain(hint);
    }
    const reused = new RostrumError('ALREADY_EXISTS', 'SUBMISSION_ID_REUSED', 'no', { metadata });
    expect(reportOf(reused, situation).hints).not.toContain(hint);
  });

  it('never send control characters of a message to the terminal', () => {
    const error = new RostrumError('UNKNOWN', undefined, 'bad \x1b[31mthing');
    expect(renderReport(reportOf(error, situation), style)[0]).toBe(
      'error: bad ␛[31mthing [UNKNOWN]',
    );
  });

  it('carry code, reason, metadata and fields for scripts', () => {
    const error = new RostrumError('NOT_FOUND', 'STANDING_NOT_FOUND', 'no entry', {
      metadata: { player_id: 'ada' },
    });
    expect(reportOf(error, situation)).toEqual({
      code: 'NOT_FOUND',
      reason: 'STANDING_NOT_FOUND',
      message: 'no entry',
      hints: [expect.stringContaining('no entry')],
      metadata: { player_id: 'ada' },
      fieldViolations: [],
    });
  });

  it('exit with 2 for misuse and 1 for everything else', () => {
    expect(exitCodeOf(new UsageError('no'))).toBe(2);
    expect(exitCodeOf(new CommanderError(1, 'commander.unknownCommand', 'no'))).toBe(2);
    expect(exitCodeOf(new RostrumError('INVALID_ARGUMENT', 'INVALID_OPTIONS', 'no'))).toBe(2);
    expect(exitCodeOf(new RostrumError('UNAVAILABLE', 'CONNECTION_FAILED', 'no'))).toBe(1);
    expect(exitCodeOf(new CliError('no'))).toBe(1);
    expect(exitCodeOf(new TypeError('no'))).toBe(1);
  });
});
