import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';

/** The headers that the server and grpc-js read, besides pseudo-headers. */
const KNOWN: ReadonlySet<string> = new Set(['content-type', 'grpc-timeout', 'grpc-encoding']);

const CONTENT_TYPE = 'application/grpc';
/** Longer than the name of any compression. */
const MAX_ENCODING_LENGTH = 32;

/** At most eight digits and a unit, as in the gRPC protocol. */
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
/** Only these can be longer than a timer: eight digits of milliseconds are 28 hours. */
const LONG_UNITS_IN_S: Readonly<Record<string, number>> = { H: 3600, M: 60, S: 1 };
/** The longest timer of Node, in whole seconds; it counts milliseconds in 32 bits. 24 days. */
const LONGEST_S = Math.floor(0x7fff_ffff / 1000);
/** Without digits, so that grpc-js refuses it. */
const MALFORMED = 'malformed';

/**
 * Changes the headers of a request as its HTTP/2 stream opens, before grpc-js reads them:
 *
 * - Those that nobody reads are deleted. grpc-js splits every header at its commas, and checks and keeps
 *   each part. 20 bytes that refer to earlier headers of the connection can be 64 KB of commas, which
 *   cost hundreds of KB of memory and several milliseconds.
 * - Deadlines may be of any length. grpc-js counts them in 32 bits of milliseconds: one of 30 days would
 *   pass before the call began, and one of 50 days would end it within hours.
 */
export function tidyHeaders(_stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  for (const name in headers) {
    // Pseudo-headers begin with a colon. There is one of each, and they are not split.
    if (name.charCodeAt(0) !== 0x3a && !KNOWN.has(name)) delete headers[name];
  }
  const { 'content-type': type, 'grpc-encoding': encoding, 'grpc-timeout': timeout } = headers;
  if (type?.startsWith(CONTENT_TYPE)) headers['content-type'] = CONTENT_TYPE;
  if (encoding !== undefined) {
    headers['grpc-encoding'] = String(encoding).slice(0, MAX_ENCODING_LENGTH);
  }
  if (timeout !== undefined) headers['grpc-timeout'] = withinTimers(String(timeout));
}

/**
 * The timeout, cut to the longest that a timer can wait: no connection lives for 24 days, so no caller
 * can tell the difference. A malformed timeout becomes one that is refused; grpc-js alone would search
 * it for a valid part.
 */
export function withinTimers(timeout: string): string {
  const match = TIMEOUT.exec(timeout);
  if (match === null) return MALFORMED;
  const unit = LONG_UNITS_IN_S[match[2] as string];
  return unit !== undefined && Number(match[1]) * unit > LONGEST_S ? `${LONGEST_S}S` : timeout;
}
