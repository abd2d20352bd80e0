import { readdirSync, readFileSync } from 'node:fs';
import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { reasonOf, statusDetails } from '../../test/support/status-details.ts';
import { ping, TransportServer } from '../../test/support/transport-server.ts';
import { METHOD_ROLES } from './authorization.js';

const PROTO = new URL('../../../proto/rostrum/v1/', import.meta.url);

/** The role of each method as the comments of the contract say it. */
function documentedRoles(): Record<string, string> {
  const roles: Record<string, string> = {};
  for (const file of readdirSync(PROTO)) {
    const text = readFileSync(new URL(file, PROTO), 'utf8');
    let service = '';
    let serviceRole: string | undefined;
    let comment = '';
    for (const line of text.split('\n')) {
      const trimmed = line.trim();
      if (trimmed.startsWith('//')) {
        comment += ` ${trimmed.slice(2)}`;
        continue;
      }
      const role = /Role(?: of every call)?:\s+(\w+)/.exec(comment)?.[1];
      const [, keyword, name] = /^(service|rpc)\s+(\w+)/.exec(trimmed) ?? [];
      if (keyword === 'service' && name !== undefined) {
        service = name;
        serviceRole = role;
      }
      if (keyword === 'rpc') {
        roles[`/rostrum.v1.${service}/${name}`] = role ?? serviceRole ?? 'undocumented';
      }
      comment = '';
    }
  }
  return roles;
}

test('every method needs the role that its comment in the contract names', () => {
  const ours = Object.entries(METHOD_ROLES).filter(([path]) => path.startsWith('/rostrum.v1.'));
  expect(Object.fromEntries(ours)).toEqual(documentedRoles());
});

test('a role that does not suffice is told which one would', async () => {
  await using running = await TransportServer.start();
  const error = await new Promise<grpc.ServiceError | null>((done) => {
    running.client('writer').getServerStats({}, (failure) => done(failure));
  });
  expect(error?.code).toBe(grpc.status.PERMISSION_DENIED);
  expect(statusDetails(error as grpc.ServiceError).infos).toEqual([
    {
      reason: 'ROLE_NOT_ALLOWED',
      domain: 'rostrum.v1',
      metadata: { role: 'writer', required_role: 'admin' },
    },
  ]);
});

test('a streaming call is refused in the same way', async () => {
  await using running = await TransportServer.start();
  const call = running.client('reader').verifyLeaderboard({});
  const error = await new Promise<grpc.ServiceError>((done) => {
    call.on('error', done);
    call.resume();
  });
  expect(error.code).toBe(grpc.status.PERMISSION_DENIED);
  expect(reasonOf(error)).toBe('ROLE_NOT_ALLOWED');
});

test.each(['roleless', 'stranger'] as const)(
  'a certificate without an identity (%s) has every call refused, and one line in the log',
  async (identity) => {
    await using running = await TransportServer.start();
    const client = running.client(identity);
    for (let call = 0; call < 3; call += 1) {
      const error = await ping(client).catch((failure: grpc.ServiceError) => failure);
      expect(error).toMatchObject({ code: grpc.status.UNAUTHENTICATED });
      expect(reasonOf(error as grpc.ServiceError)).toBe('IDENTITY_MISSING');
    }
    const warnings = running.recorded.lines.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.reason).toContain('no identity');
  },
);

test('a server with a method that has no role does not start', async () => {
  const starting = TransportServer.start({
    prepare: (server) =>
      server.addLibraryService(
        {
          call: {
            path: '/rostrum.v1.NewService/Call',
            requestStream: false,
            responseStream: false,
            requestSerialize: Buffer.from,
            requestDeserialize: String,
            responseSerialize: Buffer.from,
            responseDeserialize: String,
          },
        },
        { call: () => {} },
      ),
  });
  await expect(starting).rejects.toThrow('/rostrum.v1.NewService/Call has no role');
});
