import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { type ErrorReport, renderReport } from '../error-report.js';
import { ExitCode } from '../errors.js';
import { styleFor } from './style.js';

const CAUSES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EFBIG: 'the file would be larger than is allowed',
  EIO: 'the device fails',
};

/**
 * Ends the command when its output cannot be written, and says so in one line: what is missing of a result
 * must not pass for a short one. A reader that closes its pipe has seen enough, as in `rostrum top board | head`;
 * that is no error.
 * @param json whether the error is told as JSON
 * @param exit ends the process at once
 */
export function guardOutput(
  { stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'>,
  json: boolean,
  exit: (code: ExitCode) => void,
): void {
  for (const stream of [stdout, stderr]) {
    writeWholeChunks(stream);
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return exit(ExitCode.OK);
      if (stream === stdout) {
        const report = reportOf(error);
        const lines = json
          ? [JSON.stringify({ error: report })]
          : renderReport(report, styleFor(stderr));
        stderr.write(`${lines.join('\n')}\n`);
      }
      return exit(ExitCode.FAILURE);
    });
  }
}

function reportOf({ code = '', message }: NodeJS.ErrnoException): ErrorReport {
  const cause = CAUSES[code];
  const why = cause === undefined ? message : `${cause} (${code})`;
  return {
    code: 'OUTPUT_FAILED',
    message: `The output cannot be written: ${why}.`,
    hints: ['Only the output is lost: what the command did until then is done.'],
  };
}

/** Node writes to a file once, and takes what did not fit any more for written. */
function writeWholeChunks(stream: NodeJS.WriteStream & { readonly fd: number }): void {
  // Pipes and terminals are sockets, and write all.
  const isSocket: boolean = stream instanceof Socket;
  if (isSocket) return;
  stream._write = (chunk: Buffer, _encoding, done) => {
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(stream.fd, chunk, at);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
}
