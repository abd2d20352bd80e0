import type {
  ScoreServiceServer,
  ScoreSubmission,
  StreamScoresResponse,
} from '../src/gen/rostrum/v1/score.js';
import { statusOf } from './scripted-server.js';

type StreamScores = ScoreServiceServer['streamScores'];
type ServerCall = Parameters<StreamScores>[0];

/** A script of `streamScores`: answers every submission by `answer`; undefined gives no answer. Notes what it received. */
export function answering(
  answer: (
    submission: ScoreSubmission,
    count: number,
    call: ServerCall,
  ) => StreamScoresResponse | undefined,
) {
  const received: ScoreSubmission[] = [];
  let calls = 0;
  const streamScores: StreamScores = (call) => {
    calls += 1;
    call.on('error', () => {});
    call.on('data', ({ submission }) => {
      received.push(submission as ScoreSubmission);
      const response = answer(submission as ScoreSubmission, received.length, call);
      if (response) call.write(response);
    });
    call.on('end', () => call.end());
  };
  return {
    streamScores,
    received,
    scores: () => received.map(({ score }) => score),
    calls: () => calls,
  };
}

export function refused(...error: Parameters<typeof statusOf>): StreamScoresResponse {
  return { item: { item: { $case: 'error', value: statusOf(...error) } } };
}
