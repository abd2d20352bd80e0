import { once } from 'node:events';
import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { finished, frame, rawCall, rawConnection } from '../../test/support/raw-http2.ts';
import { reasonOf } from '../../test/support/status-details.ts';
import { ping, TransportServer } from '../../test/support/transport-server.ts';
import { RostrumError } from '../domain/errors.js';
import {
  ScoreServiceService,
  StreamScoresRequest,
  StreamScoresResponse,
} from '../gen/rostrum/v1/score.js';
import { type BidiHandler, bidiStreaming } from './bidi-streaming.js';
import { unary } from './unary.js';

type Handler = BidiHandler<StreamScoresRequest, StreamScoresResponse>;
type Call = grpc.ClientDuplexStream<StreamScoresRequest, StreamScoresResponse>;

const STREAM = '/rostrum.v1.ScoreService/StreamScores';

/** A request and an answer that carry a number. */
function request(number: number): StreamScoresRequest {
  return {
    submission: {
      leaderboardId: String(number),
      playerId: '',
      score: 0,
      subscore: 0,
      submissionId: '',
      clientTime: undefined,
      displayName: '',
      segments: {},
      metadata: undefined,
      newLeaderboard: undefined,
    },
  };
}
const numberOf = (message: StreamScoresRequest) => Number(message.submission?.leaderboardId);

function answer(number: number): StreamScoresResponse {
  const error = { code: number, message: '', details: [] };
  return { item: { item: { $case: 'error', value: error } } };
}
const REQUEST = StreamScoresRequest.encode(request(1)).finish();

function start(handler: Handler, maxInFlight = 1_000): Promise<TransportServer> {
  return TransportServer.start({
    limits: { streamEndGraceMs: 200 },
    prepare: (server) =>
      server.addService(ScoreServiceService, {
        submitScore: unary(() => {}),
        batchSubmitScores: unary(() => {}),
        streamScores: bidiStreaming(handler, maxInFlight),
      }),
  });
}

function open(running: TransportServer): Call {
  const client = running.clientOf(ScoreServiceService, 'writer');
  return (client as unknown as { streamScores(): Call }).streamScores();
}

/** Reads to the end; numbers are those that `answer` was given. */
async function read(
  call: Call,
): Promise<{ numbers: number[]; error: grpc.ServiceError | undefined; code: number }> {
  const numbers: number[] = [];
  let error: grpc.ServiceError | undefined;
  call.on('data', (message: StreamScoresResponse) => {
    numbers.push(codeOf(message) ?? Number.NaN);
  });
  call.on('error', (failure: grpc.ServiceError) => {
    error = failure;
  });
  const status = await new Promise<grpc.StatusObject>((resolve) => call.on('status', resolve));
  return { numbers, error, code: status.code };
}

function codeOf(message: StreamScoresResponse): number | undefined {
  const item = message.item?.item;
  return item?.$case === 'error' ? item.value.code : undefined;
}

test('answers come in the order of the requests, however long each takes', async () => {
  await using running = await start(async (message) => {
    const number = numberOf(message);
    if (number % 3 === 0) await new Promise((resolve) => setTimeout(resolve, number % 7));
    return answer(number);
  });
  const call = open(running);
  const reading = read(call);
  const sent = Array.from({ length: 500 }, (_, index) => index + 1);
  for (const number of sent) call.write(request(number));
  call.end();
  const { numbers, code } = await reading;
  expect(numbers).toEqual(sent);
  expect(code).toBe(grpc.status.OK);
});

test('a lone request is answered while the stream stays open', async () => {
  await using running = await start((message) => answer(numberOf(message)));
  const call = open(running);
  call.write(request(7));
  const [first] = (await once(call, 'data')) as [StreamScoresResponse];
  expect(codeOf(first)).toBe(7);
  call.write(request(8));
  const [second] = (await once(call, 'data')) as [StreamScoresResponse];
  expect(codeOf(second)).toBe(8);
  const reading = read(call);
  call.end();
  expect(await reading).toMatchObject({ numbers: [], code: grpc.status.OK });
});

test('an error ends the stream after the answers to what came before', async () => {
  await using running = await start(async (message) => {
    const number = numberOf(message);
    if (number === 3) throw new RostrumError('OVERLOADED', 'too much');
    await new Promise((resolve) => setTimeout(resolve, 10));
    return answer(number);
  });
  const call = open(running);
  const reading = read(call);
  for (const number of [1, 2, 3, 4]) call.write(request(number));
  const { numbers, error } = await reading;
  expect(numbers).toEqual([1, 2]);
  expect(error?.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  expect(reasonOf(error as grpc.ServiceError)).toBe('OVERLOADED');
});

test('a message that is none is INVALID_ARGUMENT, and the stream closes if the caller does not', async () => {
  await using running = await start((message) => answer(numberOf(message)));
  const session = rawConnection(running.port, 'writer');
  const call = rawCall(session, STREAM, [REQUEST, Buffer.from([0x0a, 0xff])], false);
  const { status, body } = await finished(call);
  expect(status).toBe(grpc.status.INVALID_ARGUMENT);
  expect(codeOf(StreamScoresResponse.decode(body.subarray(5)))).toBe(1);
  session.destroy();
});

test('a caller that does not read its answers is not read from either', async () => {
  let taken = 0;
  await using running = await start((message) => {
    taken += 1;
    return answer(numberOf(message));
  }, 10);
  const session = rawConnection(running.port, 'writer', { initialWindowSize: 0 });
  const call = rawCall(session, STREAM, [], false);
  const sent = 200_000;
  const many = Buffer.concat(Array.from({ length: 1_000 }, () => frame(REQUEST)));
  for (let batch = 0; batch < sent / 1_000; batch += 1) call.write(many);
  call.end();
  await once(call, 'response');
  // Other calls are served meanwhile, and their turns give this one every chance to take more.
  const client = running.client('reader');
  for (let turn = 0; turn < 200; turn += 1) await ping(client);
  const takenUnread = taken;
  expect(takenUnread).toBeLessThan(100);
  const reading = finished(call);
  session.settings({ initialWindowSize: 1_000_000 });
  const { status, body } = await reading;
  expect(status).toBe(grpc.status.OK);
  expect(taken).toBe(sent);
  expect(body.length % sent).toBe(0);
  session.destroy();
});

test('a caller that goes is forgotten, and late answers are dropped', async () => {
  const answers: ((message: StreamScoresResponse) => void)[] = [];
  const taken = Promise.withResolvers<AbortSignal>();
  await using running = await start((_message, context) => {
    taken.resolve(context.signal);
    return new Promise((resolve) => answers.push(resolve));
  });
  const call = open(running);
  call.on('error', () => {});
  call.write(request(1));
  const signal = await taken.promise;
  call.cancel();
  if (!signal.aborted) await once(signal, 'abort');
  answers[0]?.(answer(1));
  await expect
    .poll(() => running.stats.snapshot()[0])
    .toMatchObject({ method: STREAM, calls: 1, errors: 0, cancelled: 1, open: 0 });
});

test('shutting down answers what was taken in, then ends the stream', async () => {
  const answers: (() => void)[] = [];
  const taken = Promise.withResolvers<void>();
  await using running = await start((message) => {
    taken.resolve();
    return new Promise((resolve) => answers.push(() => resolve(answer(numberOf(message)))));
  });
  const call = open(running);
  const reading = read(call);
  call.write(request(1));
  await taken.promise;
  const drained = running.server.drain(5_000);
  call.write(request(2));
  for (const give of answers) give();
  const { numbers, error } = await reading;
  expect(numbers).toEqual([1]);
  expect(error?.code).toBe(grpc.status.UNAVAILABLE);
  expect(reasonOf(error as grpc.ServiceError)).toBe('SHUTTING_DOWN');
  await drained;
});

test('a reader may not stream scores', async () => {
  await using running = await start((message) => answer(numberOf(message)));
  const client = running.clientOf(ScoreServiceService, 'reader');
  const { error } = await read((client as unknown as { streamScores(): Call }).streamScores());
  expect(error?.code).toBe(grpc.status.PERMISSION_DENIED);
});
