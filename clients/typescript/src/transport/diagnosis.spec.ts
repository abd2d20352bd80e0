import { expect, it } from 'vitest';
import { cannotReach } from './diagnosis.js';

it('names the command that starts a server only for the address at which it serves', () => {
  const message = (address: string) => cannotReach(address, 'ECONNREFUSED').message;
  expect(message('localhost:50051')).toContain('npm start');
  expect(message('game.example:50051')).toBe(
    'cannot reach a Rostrum server at game.example:50051: nothing listens there (ECONNREFUSED)',
  );
});
