import { WireType } from '@bufbuild/protobuf/wire';
import { expect, it } from 'vitest';
import { GetStandingRequest } from '../gen/rostrum/v1/standing.js';
import { encodeMessage } from './encode-message.js';

function encodePlayer(playerId: string): Buffer {
  return encodeMessage((writer) => writer.tag(4, WireType.LengthDelimited).string(playerId));
}

function playerOf(bytes: Buffer): string {
  return GetStandingRequest.decode(bytes).playerId;
}

it('gives each message bytes of its own', () => {
  const first = encodePlayer('ada');
  const second = encodePlayer('bob');
  expect([first, second].map(playerOf)).toEqual(['ada', 'bob']);
});

it('encodes one message within another', () => {
  let inner: Buffer | undefined;
  const outer = encodeMessage((writer) => {
    writer.tag(4, WireType.LengthDelimited).fork();
    inner = encodePlayer('ada');
    writer.raw(Buffer.from('bob')).join();
  });
  expect([inner as Buffer, outer].map(playerOf)).toEqual(['ada', 'bob']);
});

it('leaves nothing behind of a message that could not be written', () => {
  const failing = () =>
    encodeMessage((writer) => {
      writer.tag(4, WireType.LengthDelimited).fork();
      throw new Error('not a message');
    });
  expect(failing).toThrow('not a message');
  expect(playerOf(encodePlayer('ada'))).toBe('ada');
});

it('encodes what is longer than the room it keeps', () => {
  const long = 'x'.repeat(3 * 1024 * 1024);
  expect(playerOf(encodePlayer(long))).toBe(long);
  expect(playerOf(encodePlayer('ada'))).toBe('ada');
});
