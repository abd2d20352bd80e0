import type grpc from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from '../../src/gen/google/rpc/error_details.js';
import { Status } from '../../src/gen/google/rpc/status.js';

export interface StatusDetails {
  readonly infos: readonly ErrorInfo[];
  readonly violations: readonly { field: string; description: string }[];
  /** Undefined when the error says nothing of retrying. */
  readonly retryAfterMs: number | undefined;
}

/** What the status details of an error hold; empty when it has none. */
export function statusDetails(error: Pick<grpc.ServiceError, 'metadata'>): StatusDetails {
  const [encoded] = error.metadata.get('grpc-status-details-bin');
  const details = encoded === undefined ? [] : Status.decode(encoded as Buffer).details;
  const of = (name: string) =>
    details.filter(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${name}`);
  const retry = of('RetryInfo').map(({ value }) => RetryInfo.decode(value).retryDelay)[0];
  return {
    infos: of('ErrorInfo').map(({ value }) => ErrorInfo.decode(value)),
    violations: of('BadRequest').flatMap(({ value }) => BadRequest.decode(value).fieldViolations),
    retryAfterMs:
      retry === undefined ? undefined : Number(retry.seconds) * 1000 + retry.nanos / 1e6,
  };
}

/** The reason of an error; undefined when it has none. */
export function reasonOf(error: Pick<grpc.ServiceError, 'metadata'>): string | undefined {
  return statusDetails(error).infos[0]?.reason;
}
