import type { Mutation } from './mutation.ts';

const APPLY = 'src/stores/redis/scripts/apply.lua';
const RECORD_SUBMISSIONS = 'src/stores/postgres/functions/apply_submissions.sql';

/** Redis fails over, and one server is there long before the others. */
const SPLIT: Mutation['faults'][number] = {
  kind: 'redis-failover',
  stale: 1_500,
  arrivals: [4_500, 0, 4_500],
  open: 'reset',
  old: 'alive',
  second: 4,
  lasts: 6,
};

/**
 * No server asks whether its life of the index is over. Alone this shows as nothing: what it writes is
 * not confirmed then, by which it finds out too.
 */
const NEVER_ASKS: Mutation['patches'] = [
  {
    file: 'dist/domain/index-rules.js',
    find: 'return isPresent ||',
    replace: 'return true ||',
  },
  {
    file: 'dist/domain/index-rules.js',
    find: 'export const LEASE_POLL_MS = 200;',
    replace: 'export const LEASE_POLL_MS = 1e9;',
  },
];

/**
 * Ways to break Rostrum, each of which the machine must find. To add one: name a place and what to
 * make of it, the faults that bring it out, and what the machine must find.
 */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'confirmations-of-another-life',
    breaks:
      'what a Redis that was given up confirmed is taken off the outbox, and nobody asks whether it was',
    patches: [
      ...NEVER_ASKS,
      {
        file: 'src/stores/postgres/functions/settle_outbox.sql',
        find: 'WHERE NOT (k.life_id IS NOT DISTINCT FROM c.life_id',
        replace: 'WHERE false AND (k.life_id IS NOT DISTINCT FROM c.life_id',
      },
    ],
    faults: [SPLIT],
    seconds: 16,
    finds: ['verify', 'final standings'],
  },
  {
    name: 'lost-fold',
    breaks: 'one sum in fifty leaves out the submission',
    patches: [
      {
        file: 'src/stores/postgres/functions/fold.sql',
        find: 'functions.new_score(settings, entry.score, submission.score)',
        replace:
          'CASE WHEN settings.aggregation = 3 AND submission.version % 50 = 1 THEN entry.score ELSE functions.new_score(settings, entry.score, submission.score) END',
      },
    ],
    faults: [],
    seconds: 8,
    finds: ['entry', 'standing', 'state'],
  },
  {
    name: 'ties-by-the-alphabet',
    breaks: 'the index orders equal scores by the name of the player, not by who came first',
    patches: [
      {
        file: 'dist/stores/redis/record.js',
        find: 'buffer.writeUInt32BE(reached % 2 ** 32, offset + Offset.REACHED + 4);',
        replace: 'buffer.writeUInt32BE(0, offset + Offset.REACHED + 4);',
      },
    ],
    faults: [],
    seconds: 8,
    finds: ['order', 'rank', 'feed', 'revision'],
  },
  {
    name: 'settled-too-early',
    breaks: 'the outbox forgets a batch that the index did not get',
    patches: [
      {
        file: 'dist/features/index/projection.js',
        find: 'if (confirmations.includes(undefined))\n                return;\n            this.settler.add(outboxId, confirmations);',
        replace: 'this.settler.add(outboxId, confirmations.filter((each) => each !== undefined));',
      },
      {
        file: 'dist/features/index/projection.js',
        find: 'this.gate.noteMissed();\n            for (let row',
        replace:
          'this.gate.noteMissed();\n            if (outboxId !== undefined) this.settler.add(outboxId, []);\n            for (let row',
      },
    ],
    faults: [{ kind: 'link', store: 'redis', server: 1, mode: 'refuse', second: 3, lasts: 2 }],
    seconds: 12,
    finds: ['verify', 'stale', 'final standings'],
  },
  {
    name: 'no-version-check',
    breaks: 'an older state of an entry overwrites a newer one in the index',
    patches: [
      {
        file: 'src/stores/redis/scripts/writing.lua',
        find: "return unpack_at('>d', record, Offset.VERSION + 1) - unpack_at('>d', old, Offset.VERSION + 1)",
        replace: 'return 1',
      },
    ],
    faults: [
      { kind: 'link', store: 'redis', server: 1, mode: 'slow', second: 2, lasts: 5 },
      { kind: 'server-stop', server: 0, second: 8, lasts: 2 },
    ],
    seconds: 14,
    finds: ['feed', 'stale', 'verify', 'final standings'],
  },
  {
    name: 'stale-reads',
    breaks: 'a server believes an index before what it missed has been brought in',
    patches: [
      {
        file: 'dist/features/index/index-gate.js',
        find: 'await this.recover();',
        replace: '',
      },
      // A second guard, which alone would keep what was read meanwhile from going backwards.
      {
        file: 'dist/features/index/index-trust.js',
        find: 'this.#behind.has(rankingNo) ? undefined : ',
        replace: '',
      },
    ],
    faults: [
      { kind: 'link', store: 'redis', server: -1, mode: 'refuse', second: 3, lasts: 2.5 },
      { kind: 'link', store: 'redis', server: 2, mode: 'cut', second: 9, lasts: 1.5 },
    ],
    seconds: 15,
    finds: ['stale', 'rank', 'total'],
  },
  {
    name: 'revision-goes-back',
    breaks: 'a rebuilt index counts its revisions from one',
    patches: [
      {
        file: 'src/stores/redis/scripts/swap.lua',
        find: "math.max(tonumber(meta[2] or '0'), tonumber(ARGV[2])) + 1",
        replace: '1',
      },
    ],
    faults: [{ kind: 'redis-flush', second: 4, lasts: 0.1 }],
    seconds: 12,
    finds: ['revision backwards'],
  },
  {
    name: 'feed-loses-a-change',
    breaks: 'one change in a hundred is not in the feed',
    patches: [
      {
        file: APPLY,
        find: "last .. '-0', 'n', #changes / 3, 'c', table.concat(changes))",
        replace:
          "last .. '-0', 'n', #changes / 3 - (revision % 100 == 0 and #changes > 3 and 1 or 0), 'c', table.concat(changes, '', revision % 100 == 0 and #changes > 3 and 4 or 1))",
      },
    ],
    faults: [],
    seconds: 10,
    finds: ['stream', 'feed', 'final feed'],
  },
  {
    name: 'previous-rank-off',
    breaks: 'one rank before in twenty-three is off by one',
    patches: [
      {
        file: APPLY,
        find: "places[i] = pack('>BI4I4I4d', had, before,",
        replace:
          "places[i] = pack('>BI4I4I4d', had, (before > 0 and revision % 23 == 0) and before + 1 or before,",
      },
    ],
    faults: [],
    seconds: 8,
    finds: ['previous rank'],
  },
  {
    name: 'no-idempotency',
    breaks: 'a submission that is sent again is recorded again',
    patches: [
      {
        file: 'src/stores/postgres/functions/ensure_submission_partitions.sql',
        find: "'CREATE UNIQUE INDEX %I",
        replace: "'CREATE INDEX %I",
      },
      {
        file: RECORD_SUBMISSIONS,
        find: 'AND l.submission_id = u.submission_id',
        replace: "AND l.submission_id = u.submission_id || '-'",
      },
    ],
    faults: [{ kind: 'server-stop', server: 0, second: 3, lasts: 4 }],
    seconds: 10,
    finds: ['counted twice', 'outcome'],
  },
  {
    name: 'deaf-after-reconnection',
    breaks: 'watches hear of no changes once the connection for signals was lost',
    patches: [
      {
        file: 'dist/stores/redis/signals.js',
        find: "this.#link.redis.on('message',",
        replace:
          "this.#link.redis.on('close', () => this.#link.redis.removeAllListeners('message'));\n        this.#link.redis.on('message',",
      },
    ],
    faults: [{ kind: 'link', store: 'redis', server: 1, mode: 'cut', second: 3, lasts: 0.5 }],
    seconds: 24,
    finds: ['view behind', 'feed behind'],
  },
  {
    name: 'acknowledged-and-not-recorded',
    breaks: 'one submission in forty is acknowledged and leaves no trace in the log',
    patches: [
      {
        file: RECORD_SUBMISSIONS,
        find: 'WHERE coalesce(first_ord = ord, true)',
        replace: 'WHERE coalesce(first_ord = ord, true) AND version % 40 <> 1',
      },
    ],
    faults: [],
    seconds: 8,
    finds: ['lost'],
  },
];
