import { grpcFrame } from './library-connection.ts';
import type { RequestTemplate } from './request-templates.ts';

const ZERO = 0x30;

/** Of the last submission; those of two operations never meet. */
let submissionNumber = 0;

/** Has submissions numbered from here, so that those of two processes do not meet either. */
export function numberSubmissionsFrom(first: number): void {
  submissionNumber = first;
}

/** The requests of one operation: one frame, in which each call writes what differs. */
export class Requests {
  readonly path: string;
  /** How many submissions, or calls, one message counts as. */
  readonly weight: number;
  readonly streamed: boolean;
  readonly #template: RequestTemplate;
  readonly #players: number;
  readonly #frame: Buffer;
  /** The message within the frame. */
  readonly #message: Buffer;

  /** @param players how many players the board has */
  constructor(template: RequestTemplate, players: number) {
    const message = Buffer.from(template.message, 'base64');
    this.path = template.path;
    this.weight = template.weight;
    this.streamed = template.streamed;
    this.#template = template;
    this.#players = players;
    this.#frame = grpcFrame(message);
    this.#message = this.#frame.subarray(this.#frame.length - message.length);
  }

  /** The next request, framed; it is overwritten by the one after it. */
  next(): Buffer {
    const { playersAt, scoresAt, submissionsAt } = this.#template;
    const { playerDigits, submissionDigits, scoreLimit } = this.#template;
    for (const at of playersAt) {
      writeDigits(this.#message, at, playerDigits, randomBelow(this.#players));
    }
    for (const at of scoresAt) this.#message.writeDoubleLE(randomBelow(scoreLimit), at);
    for (const at of submissionsAt) {
      submissionNumber += 1;
      writeDigits(this.#message, at, submissionDigits, submissionNumber);
    }
    return this.#frame;
  }
}

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit);
}

function writeDigits(into: Buffer, at: number, digits: number, value: number): void {
  let rest = value;
  for (let digit = at + digits - 1; digit >= at; digit -= 1) {
    const next = Math.floor(rest / 10);
    into[digit] = ZERO + rest - 10 * next;
    rest = next;
  }
}
