import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { clientAddress, parseAddress, requireFree } from './address.ts';

describe('the address of the server', () => {
  test.each([
    ['localhost:50051', 'localhost:50051'],
    ['0.0.0.0:7000', 'localhost:7000'],
    [':7000', 'localhost:7000'],
    ['[::]:7000', 'localhost:7000'],
    ['[fe80::1]:7000', '[fe80::1]:7000'],
    ['board.example:7000', 'board.example:7000'],
  ])('%s is reached at %s', (address, reached) => {
    expect(clientAddress(parseAddress(address))).toBe(reached);
  });

  test.each(['', 'localhost', '50051', 'localhost:99999', 'localhost:x', '::1:50051'])(
    '%j is refused with an example',
    (address) => expect(() => parseAddress(address)).toThrow('localhost:50051'),
  );

  test('a port that somebody listens on is told with the way out', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const bound = other.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    await expect(requireFree({ host: 'localhost', port })).rejects.toThrow(
      /in use by another program.*ROSTRUM_ADDRESS=localhost:\d+ npm start/s,
    );
    other.close();
  });
});
