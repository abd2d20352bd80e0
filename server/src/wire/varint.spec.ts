import { BinaryReader } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { varintLength, writeVarint } from './varint.js';

it('writes what a protobuf reader reads, in the length announced', () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.constant(2 ** 53)), (value) => {
      const buffer = Buffer.alloc(varintLength(value));
      expect(writeVarint(buffer, 0, value)).toBe(buffer.length);
      expect(new BinaryReader(buffer).uint64()).toEqual(BigInt(value));
    }),
  );
});
