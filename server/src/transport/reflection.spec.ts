import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { finished, frame, rawCall, rawConnection } from '../../test/support/raw-http2.ts';
import { ping, TransportServer } from '../../test/support/transport-server.ts';
import { addHealth } from './health.js';
import { addReflection } from './reflection.js';

const library = createRequire(import.meta.url).resolve('@grpc/reflection');
/** The loader that the library itself uses. */
const { loadSync } = createRequire(library)('@grpc/proto-loader') as {
  loadSync(path: string, options: object): Record<string, unknown>;
};
const VERSIONS = ['v1', 'v1alpha'] as const;

interface Answer {
  listServicesResponse?: { service: { name: string }[] };
  fileDescriptorResponse?: { fileDescriptorProto: Buffer[] };
  errorResponse?: { errorCode: number };
}

function start(): Promise<TransportServer> {
  return TransportServer.start({
    prepare: (server) => {
      addHealth(server);
      addReflection(server);
    },
  });
}

async function ask(running: TransportServer, version: string, question: object): Promise<Answer> {
  const path = join(library, `../../proto/grpc/reflection/${version}/reflection.proto`);
  const definition = loadSync(path, { keepCase: false })[
    `grpc.reflection.${version}.ServerReflection`
  ] as grpc.ServiceDefinition;
  const client = running.clientOf(definition, 'reader') as unknown as {
    serverReflectionInfo(): grpc.ClientDuplexStream<object, Answer>;
  };
  const call = client.serverReflectionInfo();
  return new Promise((resolve, reject) => {
    call.on('data', (answer: Answer) => {
      resolve(answer);
      call.end();
    });
    call.on('error', reject);
    call.write(question);
  });
}

test.each(VERSIONS)('%s lists the services that the server has', async (version) => {
  await using running = await start();
  const { listServicesResponse } = await ask(running, version, { listServices: '*' });
  const names = listServicesResponse?.service.map(({ name }) => name).sort();
  expect(names).toEqual(['grpc.health.v1.Health', 'rostrum.v1.AdminService']);
});

test.each(VERSIONS)('%s describes messages, with the files that they need', async (version) => {
  await using running = await start();
  for (const symbol of ['rostrum.v1.WatchStandingsResponse', 'grpc.health.v1.Health']) {
    const { fileDescriptorResponse } = await ask(running, version, {
      fileContainingSymbol: symbol,
    });
    expect(fileDescriptorResponse?.fileDescriptorProto.length, symbol).toBeGreaterThan(0);
  }
  const { errorResponse } = await ask(running, version, { fileContainingSymbol: 'no.Such' });
  expect(errorResponse?.errorCode).toBe(grpc.status.NOT_FOUND);
});

test.each(VERSIONS)('%s describes with the comments of the contract', async (version) => {
  await using running = await start();
  const { fileDescriptorResponse } = await ask(running, version, {
    fileContainingSymbol: 'rostrum.v1.AdminService.Ping',
  });
  const files = (fileDescriptorResponse?.fileDescriptorProto ?? []).map((file) =>
    fromBinary(FileDescriptorProtoSchema, file),
  );
  const commentOf = (...path: number[]) =>
    files
      .find(({ name }) => name === 'rostrum/v1/admin.proto')
      ?.sourceCodeInfo?.location.find((location) => String(location.path) === String(path))
      ?.leadingComments.trim();
  expect(commentOf(6, 0)).toBe('AdminService watches over the service. Role: admin, except Ping.');
  expect(commentOf(6, 0, 2, 0)).toBe('Answers at once, without touching a store. Role: reader.');
  expect(commentOf(4, 0, 2, 0)).toBe('Returned as it is: up to 1,024 bytes.');
});

test('the committed descriptors are those of the contract', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rostrum-descriptors-'));
  try {
    const script = fileURLToPath(
      new URL('../../../scripts/generate-descriptors.ts', import.meta.url),
    );
    execFileSync(process.execPath, [script, directory]);
    for (const file of ['descriptors.binpb', 'health-descriptors.binpb']) {
      const committed = readFileSync(new URL(`../gen/${file}`, import.meta.url));
      const made = readFileSync(join(directory, file));
      expect(made.equals(committed), `npm run generate makes ${file} anew`).toBe(true);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a caller that asks without end and never reads is not read from', async () => {
  await using running = await start();
  const session = rawConnection(running.port, 'reader', { initialWindowSize: 0 });
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  // Field 4, file_containing_symbol: each answer has some 50 KB.
  const symbol = Buffer.from('rostrum.v1.WatchService');
  const question = Buffer.concat([Buffer.from([0x22, symbol.length]), symbol]);
  const call = rawCall(session, path, [], false);
  const many = Buffer.concat(Array.from({ length: 20_000 }, () => frame(question)));
  let taken = false;
  call.write(many, () => {
    taken = true;
  });
  const closed = finished(call);
  const client = running.client('reader');
  for (let turn = 0; turn < 300; turn += 1) await ping(client);
  expect(taken).toBe(false);
  session.destroy();
  await closed;
});
