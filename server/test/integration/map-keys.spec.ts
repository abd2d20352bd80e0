import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Struct as ClientStruct } from '../../../clients/typescript/src/gen/google/protobuf/struct.js';
import { ErrorInfo as ClientErrorInfo } from '../../../clients/typescript/src/gen/google/rpc/error_details.js';
import { ScoreSubmission as ClientSubmission } from '../../../clients/typescript/src/gen/rostrum/v1/score.js';
import { keepMapKeys } from '../../../scripts/generate/map-keys.ts';
import { Struct } from '../../src/gen/google/protobuf/struct.js';
import { ErrorInfo } from '../../src/gen/google/rpc/error_details.js';
import { ScoreSubmission } from '../../src/gen/rostrum/v1/score.js';
import { useTestService } from '../support/test-service.ts';
import { submission } from '../support/wire-caller.ts';

/** Names that objects have by themselves, and what JSON.parse makes of any text. */
const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'toString', 'toJSON', ''),
  fc.string(),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map(Object.fromEntries),
})).object as fc.Arbitrary<Record<string, unknown>>;

/** As text: in comparisons of objects `__proto__` may not count. */
const shown = (value: unknown) => JSON.stringify(value);

describe.each([
  ['server', Struct, ScoreSubmission, ErrorInfo],
  ['SDK', ClientStruct, ClientSubmission, ClientErrorInfo],
])('the stubs of the %s', (_name, struct, score, info) => {
  it('bring every metadata back', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = struct.encode(struct.wrap(value)).finish();
        expect(shown(struct.unwrap(struct.decode(bytes)))).toBe(shown(value));
      }),
    );
  });

  it('bring every key of a plain map back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.string())), (entries) => {
        const map: Record<string, string> = Object.fromEntries(entries);
        const sent = score.encode(submission({ segments: map }) as never).finish();
        expect(shown(score.decode(sent).segments)).toBe(shown(map));
        const told = info.encode({ reason: '', domain: '', metadata: map }).finish();
        expect(shown(info.decode(told).metadata)).toBe(shown(map));
      }),
    );
  });

  it('take a value that says nothing for null', () => {
    // As Python sends `metadata.fields["a"]` that was only looked at, in an object and in a list.
    const empty = Buffer.from([0x0a, 5, 0x0a, 1, 0x61, 0x12, 0]);
    expect(struct.unwrap(struct.decode(empty))).toEqual({ a: null });
    const absent = Buffer.from([0x0a, 3, 0x0a, 1, 0x61]);
    expect(struct.unwrap(struct.decode(absent))).toEqual({ a: null });
    const list = Buffer.from([0x0a, 9, 0x0a, 1, 0x61, 0x12, 4, 0x32, 2, 0x0a, 0]);
    expect(struct.unwrap(struct.decode(list))).toEqual({ a: [null] });
  });
});

test('of the SDK also what is made from parts keeps its keys', () => {
  const segments = JSON.parse('{"__proto__":"x","a":"y"}') as Record<string, string>;
  expect(shown(ClientSubmission.create({ segments }).segments)).toBe(shown(segments));
});

test('a stub without maps stays as it is', () => {
  const stub = 'export const a = message.b;\nmessage.values.push(c);\n';
  expect(keepMapKeys(stub)).toBe(stub);
});

describe('a server', () => {
  const service = useTestService();

  /** In the order in which PostgreSQL keeps keys. */
  const METADATA = '{"a":1,"__proto__":{"__proto__":"v"},"constructor":"c"}';

  it('gives every key of metadata back', async () => {
    await using client = service.client('admin');
    const metadata = JSON.parse(METADATA);
    const ids = { leaderboardId: 'keys', playerId: 'p' };
    const { standing } = await client.scores.submit({ ...ids, score: 1, metadata });
    expect(shown(standing?.metadata)).toBe(METADATA);
    const { standing: read } = await client.standings.get(ids);
    expect(shown(read.metadata)).toBe(METADATA);
    await client.leaderboards.update({ leaderboardId: 'keys', metadata });
    expect(shown((await client.leaderboards.get({ leaderboardId: 'keys' })).metadata)).toBe(
      METADATA,
    );
  });

  it('gives every key of metadata back to the command', async () => {
    const cli = service.cli();
    const [submitted] = await cli.json('submit', 'cli-keys', 'p', '1', '--metadata', METADATA);
    expect(JSON.stringify(submitted)).toContain(`"metadata":${METADATA}`);
  });

  it('counts and checks what is behind every key, and sees every segment', async () => {
    using wire = service.wire();
    const behind = (value: unknown) => Object.fromEntries([['__proto__', value]]);
    for (const metadata of [behind('x'.repeat(2000)), behind(Number.NaN), behind({ a: '\0' })]) {
      const answer = await wire.submit({ metadata });
      expect(answer.fields).toEqual(['submission.metadata']);
    }
    const answer = await wire.submit({ segments: behind('x') as Record<string, string> });
    expect(answer.code).toBe(status.UNIMPLEMENTED);
  });
});
