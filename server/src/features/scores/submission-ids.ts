import { randomBytes } from 'node:crypto';
import type { SubmissionId } from '../../domain/ids.js';

const PROCESS = randomBytes(9).toString('base64url').replace(/[-_]/g, '0');
let count = 0;

/**
 * An id for a submission that came without one. It begins with the time, so that the index of
 * submission ids grows at one edge.
 */
export function newSubmissionId(nowMs: number): SubmissionId {
  count += 1;
  return `s${nowMs.toString(36)}.${count.toString(36)}.${PROCESS}` as SubmissionId;
}
