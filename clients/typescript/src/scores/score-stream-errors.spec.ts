import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { streamed } from '../../test/messages.js';
import {
  certificatePath,
  connectTo,
  failureOf,
  ScriptedServer,
  statusOf,
} from '../../test/scripted-server.js';
import type { ScoreServiceServer } from '../gen/rostrum/v1/score.js';
import type { ScoreSubmission } from './score.js';

/** Refuses the submissions with a negative score. */
const streamScores: ScoreServiceServer['streamScores'] = (call) => {
  call.on('data', ({ submission }) => {
    const error = { $case: 'error' as const, value: statusOf('INVALID_ARGUMENT', 'INVALID_FIELD') };
    call.write((submission?.score ?? 0) < 0 ? { item: { item: error } } : streamed(submission));
  });
  call.on('end', () => call.end());
};

const submission = (score: number) => ({ leaderboardId: 'b', playerId: `p${score}`, score });

describe('failures of a score stream that nobody awaits', () => {
  it('never end the process, and are told by `end`', async () => {
    await using server = await ScriptedServer.start({ scores: { streamScores } });
    const program = `
      import { RostrumClient } from '@rostrum/client';
      const file = (name) => ${JSON.stringify(certificatePath(''))} + '/' + name;
      const tls = { ca: file('ca.crt'), cert: file('writer.crt'), key: file('writer.key') };
      const client = RostrumClient.connect({ address: '${server.address}', tls });
      const submit = (stream, score) =>
        void stream.submit({ leaderboardId: 'b', playerId: 'p', score });
      const full = client.scores.stream({ maxPending: 1 });
      const ended = client.scores.stream();
      const refused = client.scores.stream();
      const aborted = client.scores.stream({ signal: AbortSignal.timeout(50) });
      submit(full, 1); submit(full, 2);
      await ended.end(); submit(ended, 1);
      submit(refused, -1); submit(refused, 1); submit(refused, -2); submit(refused, 'none');
      for (let n = 0; n < 2000; n++) submit(aborted, n);
      void aborted.ready(); void aborted.end();
      const told = await refused.end().catch((error) => error);
      console.log(told.reason, told.metadata.count, told.cause.reason, refused.failed);
      await new Promise((resolve) => setTimeout(resolve, 100));
      console.log(await full.end().catch((error) => error.cause.reason));
      const view = client.watch.liveView({ leaderboardId: 'b' });
      void view.ready();
      void client.close();
      await view.close();
      console.log('alive');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: new URL('../..', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const [code] = await once(child, 'exit');
    clearTimeout(timer);
    expect(output.split('\n')).toEqual([
      'SUBMISSIONS_FAILED 3 INVALID_FIELD 3',
      'STREAM_FULL',
      'alive',
      '',
    ]);
    expect(code).toBe(0);
  });

  it('are not told a second time to those who looked at the results', async () => {
    await using server = await ScriptedServer.start({ scores: { streamScores } });
    await using client = connectTo(server);
    const stream = client.scores.stream();
    const results = [-1, 1, -2].map((score) => stream.submit(submission(score)));
    const settled = Promise.allSettled(results);
    await stream.end();
    expect((await settled).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
    ]);
    expect(stream.failed).toBe(2);
  });

  it('count those that were not looked at, also very many', async () => {
    await using server = await ScriptedServer.start({ scores: { streamScores } });
    await using client = connectTo(server);
    const stream = client.scores.stream();
    for (let n = 1; n <= 3_000; n++) void stream.submit(submission(-n));
    const seen = stream.submit(submission(-9_999));
    await expect(seen).rejects.toMatchObject({ reason: 'INVALID_FIELD' });
    await expect(stream.end()).rejects.toMatchObject({
      code: 'ABORTED',
      reason: 'SUBMISSIONS_FAILED',
      metadata: { count: '3000' },
      cause: { reason: 'INVALID_FIELD' },
    });
  });

  it('are told to `onError` in order, with the submission, and then not by `end`', async () => {
    await using server = await ScriptedServer.start({ scores: { streamScores } });
    await using client = connectTo(server);
    const told: [string, ScoreSubmission][] = [];
    const onError = (error: unknown, failed: ScoreSubmission) => {
      told.push([(error as { reason: string }).reason, failed]);
    };
    const stream = client.scores.stream({ onError });
    for (const score of [-1, 1, -2]) void stream.submit(submission(score));
    await stream.end();
    expect(told).toEqual([
      ['INVALID_FIELD', submission(-1)],
      ['INVALID_FIELD', submission(-2)],
    ]);
  });

  it('make the stream fail with what `onError` throws', async () => {
    await using server = await ScriptedServer.start({ scores: { streamScores } });
    await using client = connectTo(server);
    const stream = client.scores.stream({
      onError: () => {
        throw new Error('the mistake of a listener');
      },
    });
    void stream.submit(submission(-1));
    await expect(stream.end()).rejects.toThrow('the mistake of a listener');
  });

  it('reject `ready` when the stream as a whole has failed', async () => {
    const refusing: ScoreServiceServer['streamScores'] = (call) => {
      call.once('data', () =>
        call.emit('error', failureOf('PERMISSION_DENIED', 'ROLE_NOT_ALLOWED')),
      );
    };
    await using server = await ScriptedServer.start({ scores: { streamScores: refusing } });
    await using client = connectTo(server);
    const stream = client.scores.stream({ maxInFlight: 1 });
    void stream.submit(submission(1));
    const failed = { reason: 'ROLE_NOT_ALLOWED' };
    await expect(stream.ready()).rejects.toMatchObject(failed);
    await expect(stream.ready()).rejects.toMatchObject(failed);
    await expect(stream.end()).rejects.toMatchObject(failed);
  });

  it('of the whole stream are thrown once: by a result, or by the end of its block', async () => {
    const refusing: ScoreServiceServer['streamScores'] = (call) => {
      call.once('data', () =>
        call.emit('error', failureOf('PERMISSION_DENIED', 'ROLE_NOT_ALLOWED')),
      );
    };
    await using server = await ScriptedServer.start({ scores: { streamScores: refusing } });
    await using client = connectTo(server);
    const block = async (look: boolean) => {
      await using stream = client.scores.stream();
      const result = stream.submit(submission(1));
      if (look) await result;
    };
    // Two errors would make a SuppressedError, which has neither reason nor message.
    await expect(block(true)).rejects.toMatchObject({ reason: 'ROLE_NOT_ALLOWED' });
    await expect(block(false)).rejects.toMatchObject({ reason: 'ROLE_NOT_ALLOWED' });
  });
});
