import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type grpc from '@grpc/grpc-js';
import { http2ServersOf } from './http2-servers.js';

const HEADER = 'grpc-timeout';

/** As the gRPC protocol has it: at most eight digits and a unit. */
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;

/** Only these can be longer than a timer; eight digits of milliseconds are 28 hours. */
const LONG_UNITS_IN_S: Readonly<Record<string, number>> = { H: 3600, M: 60, S: 1 };

/** The whole seconds that fit into a timer of Node, which counts milliseconds in 32 bits: 24 days. */
const LONGEST_S = Math.floor(0x7fff_ffff / 1000);

/** No digits in it: grpc-js answers that it is no timeout. */
const MALFORMED = 'malformed';

/**
 * Has a grpc-js server keep to deadlines of any length. By itself it counts a deadline in 32 bits of
 * milliseconds, so one of 30 days would have passed before the call began and one of 50 days would end
 * it within hours. It reads the header when the call begins, before any interceptor; so the header is
 * changed before that, as the HTTP/2 stream opens.
 */
export function useLongDeadlines(server: grpc.Server): void {
  for (const http2Server of http2ServersOf(server)) {
    http2Server.off('stream', shortenTimeout);
    http2Server.prependListener('stream', shortenTimeout);
  }
}

function shortenTimeout(_stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const timeout = headers[HEADER];
  if (timeout !== undefined) headers[HEADER] = withinTimers(String(timeout));
}

/**
 * The timeout, or the longest that a timer can wait if it is longer: no connection lives for 24 days,
 * so no caller can tell the two apart. What is no timeout becomes one that is refused; grpc-js would
 * look for one somewhere in it.
 */
export function withinTimers(timeout: string): string {
  const match = TIMEOUT.exec(timeout);
  if (match === null) return MALFORMED;
  const unit = LONG_UNITS_IN_S[match[2] as string];
  return unit !== undefined && Number(match[1]) * unit > LONGEST_S ? `${LONGEST_S}S` : timeout;
}
