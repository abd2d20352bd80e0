import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { reasonOf, statusDetails } from '../../test/support/status-details.ts';
import { ping, TransportServer } from '../../test/support/transport-server.ts';
import {
  type ErrorReason,
  invalidFields,
  REASON_CODES,
  RostrumError,
  storeUnavailable,
} from '../domain/errors.js';
import { ErrorReason as ContractReason } from '../gen/rostrum/v1/error.js';
import { unary } from './unary.js';

/** What a caller of Ping gets when its handler throws. */
async function thrown(error: unknown): Promise<{
  error: grpc.ServiceError;
  lines: readonly Readonly<Record<string, unknown>>[];
}> {
  await using running = await TransportServer.start({
    handlers: {
      ping: unary(() => {
        throw error;
      }),
    },
  });
  const seen = await ping(running.client('reader')).catch((e: grpc.ServiceError) => e);
  return { error: seen as grpc.ServiceError, lines: [...running.recorded.lines] };
}

test('the reasons are those of the contract', () => {
  const contract = Object.keys(ContractReason)
    .filter((name) => name.startsWith('ERROR_REASON_') && name !== 'ERROR_REASON_UNSPECIFIED')
    .map((name) => name.slice('ERROR_REASON_'.length));
  expect(Object.keys(REASON_CODES).sort()).toEqual(contract.sort());
});

test.each(Object.entries(REASON_CODES))(
  '%s reaches the caller with its code and exactly one ErrorInfo',
  async (reason, code) => {
    const metadata = { leaderboard_id: 'weekly' };
    const { error, lines } = await thrown(
      new RostrumError(reason as ErrorReason, 'words', { metadata }),
    );
    expect(error).toMatchObject({ code, details: 'words' });
    expect(statusDetails(error)).toEqual({
      infos: [{ reason, domain: 'rostrum.v1', metadata }],
      violations: [],
      retryAfterMs: undefined,
    });
    expect(lines.filter(({ level }) => level !== 'debug')).toEqual([]);
  },
);

test('refused fields are named', async () => {
  const violations = [
    { field: 'submission.player_id', description: 'is empty' },
    { field: 'submission.score', description: 'is not finite' },
  ];
  const { error } = await thrown(invalidFields(violations));
  expect(error.code).toBe(grpc.status.INVALID_ARGUMENT);
  expect(statusDetails(error).violations).toMatchObject(violations);
});

test('an error worth retrying says when, and its cause is logged but not sent', async () => {
  const { error, lines } = await thrown(storeUnavailable(new Error('password of the database')));
  expect(error.code).toBe(grpc.status.UNAVAILABLE);
  expect(statusDetails(error).retryAfterMs).toBe(500);
  expect(JSON.stringify([error.details, error.metadata.toJSON()])).not.toContain('password');
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      reason: 'STORE_UNAVAILABLE',
      err: 'password of the database',
    }),
  );
});

test.each([new TypeError('x is not a function'), 'a string', undefined, { code: 5 }])(
  'anything else thrown (%s) is INTERNAL with a request id that the log has too',
  async (fault) => {
    const { error, lines } = await thrown(fault);
    expect(error.code).toBe(grpc.status.INTERNAL);
    const [info] = statusDetails(error).infos;
    expect(info?.reason).toBe('INTERNAL');
    const requestId = info?.metadata.request_id;
    expect(requestId).toMatch(/^[0-9a-f]{16}$/);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error', requestId }));
    expect(error.details).not.toContain('function');
  },
);

test('texts of any length and any characters arrive, cut and mended', async () => {
  const nasty = `\ud800 ${'é'.repeat(5000)}`;
  const many = Array.from({ length: 500 }, () => ({ field: nasty, description: nasty }));
  const { error } = await thrown(invalidFields(many));
  expect(error.code).toBe(grpc.status.INVALID_ARGUMENT);
  expect(error.details).toMatch(/^\ufffd é+.*…$/);
  expect(reasonOf(error)).toBe('INVALID_FIELD');
  expect(statusDetails(error).violations.length).toBeGreaterThan(0);
  const [encoded] = error.metadata.get('grpc-status-details-bin');
  // Clients in other languages refuse more than 8 KiB of headers.
  const trailers = encodeURI(error.details).length + (encoded as Buffer).length * (4 / 3);
  expect(trailers).toBeLessThan(8_000);
});
