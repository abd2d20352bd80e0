/** How many bytes the varint of `value` takes; `value` is an integer of 0 to 2^53. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** Writes `value`, an integer of 0 to 2^53, as a varint and returns the offset after it. */
export function writeVarint(buffer: Buffer, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  // Bit operations work on 32 bits only, so larger values are divided.
  while (rest >= 0x8000_0000) {
    buffer[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest >= 0x80) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}
