import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasTerminals, type RostrumCli, screenOf } from '../support/rostrum-cli.js';
import { useTestService } from '../support/test-service.ts';

const service = useTestService();
let cli: RostrumCli;

beforeAll(() => {
  cli = service.cli();
});

const errorOf = (stderr: string) => (JSON.parse(stderr) as { error: unknown }).error;

describe('rostrum submit, top, rank and around', () => {
  it('submits scores and shows where they stand', async () => {
    const first = await cli.run(['submit', 'arena', 'ada', '1200', '--name', 'Ada 美咲']);
    expect(first).toMatchObject({
      code: 0,
      stdout: 'APPLIED  Ada 美咲 (ada)  1200  rank 1 of 1\n',
    });
    await cli.run(['submit', 'arena', 'bo', '1300']);
    const third = await cli.run(['submit', 'arena', 'ada', '1400.5']);
    expect(third.stdout).toBe('APPLIED  Ada 美咲 (ada)  1400.5 (was 1200)  rank 1 of 2 ▲ from 2\n');
    const top = await cli.run(['top', 'arena']);
    expect(top.stdout).toBe(
      [
        'rank  player  name       score  better than  plays',
        '   1  ada     Ada 美咲  1400.5        100 %      2',
        '   2  bo                  1300          0 %      1',
        '',
      ].join('\n'),
    );
  });

  it('prints scores exactly, also at the ends of their range', async () => {
    for (const [player, score] of [
      ['most', '9007199254740991'],
      ['least', '-9007199254740991'],
      ['tiny', '0.0000001'],
    ] as const) {
      const { stdout } = await cli.run(['submit', 'exact', player, score]);
      expect(stdout).toContain(`  ${score}  `);
    }
    for (const [score, problem] of [
      ['9007199254740993', 'within ±9007199254740991'],
      ['9007199254740992', 'within ±9007199254740991'],
      ['4503599627370497.3', 'the nearest is 4503599627370497.'],
    ] as const) {
      const refused = await cli.run(['submit', 'exact', 'most', score]);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain(problem);
    }
  });

  it('gives scripts JSON, and the recorded outcome for a repeated id', async () => {
    const submit = ['submit', 'scripted', 'ada', '5', '--id', 's-1', '--metadata', '{"a":1}'];
    const [first] = await cli.json(...submit);
    expect(first).toMatchObject({
      outcome: 'APPLIED',
      replayed: false,
      standing: { rank: 1, playerId: 'ada', score: 5, metadata: { a: 1 } },
    });
    expect((await cli.json(...submit))[0]).toMatchObject({ outcome: 'APPLIED', replayed: true });
    const [top] = await cli.json('top', 'scripted');
    expect(top).toMatchObject({ totalPlayers: 1, standings: [{ playerId: 'ada', rank: 1 }] });
  });

  it('creates the leaderboard with the settings that the submission names', async () => {
    const race = ['--order', 'asc', '--aggregation', 'latest', '--time'];
    await cli.json('submit', 'race', 'ada', '61.5', ...race, '2026-01-01T10:00:00Z');
    const [stale] = await cli.json('submit', 'race', 'ada', '1', ...race, '2026-01-01T09:00:00Z');
    expect(stale).toMatchObject({ outcome: 'STALE', standing: { score: 61.5 } });
    expect((await cli.json('boards', 'get', 'race'))[0]).toMatchObject({
      sortOrder: 'ASCENDING',
      aggregation: 'LATEST',
    });
    const same = await cli.run(['submit', 'race', 'ada', '60', '--order', 'asc']);
    expect(same.stderr).toBe('');
    const other = await cli.run(['submit', 'race', 'ada', '59', '--order', 'desc']);
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other.stderr).toContain('its sortOrder is ASCENDING, not DESCENDING');
    expect(other.stderr).toContain('Nothing was recorded.');
    expect((await cli.json('rank', 'race', 'ada'))[0]).toMatchObject({ standing: { score: 60 } });
  });

  it('ranks players among each other and shows neighbourhoods', async () => {
    for (let player = 1; player <= 7; player++) {
      await cli.json('submit', 'league', `p${player}`, String(player * 10));
    }
    const [friends] = await cli.json('rank', 'league', 'p2', 'p6', 'nobody');
    expect(friends).toMatchObject({
      standings: [
        { playerId: 'p6', rank: 2, relativeRank: 1 },
        { playerId: 'p2', rank: 6, relativeRank: 2 },
      ],
      missingPlayerIds: ['nobody'],
    });
    const [around] = await cli.json<{ standings: { playerId: string }[] }>(
      ...['around', 'league', 'p4', '-n', '3'],
    );
    expect(around?.standings.map(({ playerId }) => playerId)).toEqual(['p5', 'p4', 'p3']);
    const [place] = await cli.json<{ standings: unknown[] }>('around', 'league', '--score', '35');
    expect(place?.standings).toHaveLength(7);
  });
});

describe('rostrum boards', () => {
  it('creates, lists, changes and deletes leaderboards', async () => {
    const create = ['boards', 'create', 'golf', '--order', 'asc', '--name', 'Golf'];
    expect((await cli.json(...create))[0]).toMatchObject({ sortOrder: 'ASCENDING' });
    const update = await cli.json('boards', 'update', 'golf', '--name', 'Mini golf');
    expect(update[0]).toMatchObject({ displayName: 'Mini golf', sortOrder: 'ASCENDING' });
    expect(await cli.json('boards')).toContainEqual(
      expect.objectContaining({ leaderboardId: 'golf', displayName: 'Mini golf' }),
    );
    const asked = await cli.run(['boards', 'delete', 'golf']);
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(await cli.json('boards', 'delete', 'golf', '--yes')).toEqual([{ deleted: 'golf' }]);
    const gone = await cli.run(['boards', 'get', 'golf', '--json']);
    expect(gone.code).toBe(1);
    expect(errorOf(gone.stderr)).toMatchObject({ reason: 'LEADERBOARD_NOT_FOUND' });
  });
});

describe('rostrum ping, stats, verify, rebuild and bench', () => {
  it('says as whom the server knows the caller', async () => {
    const answers = await cli.as('reader').json('ping', '-n', '2');
    expect(answers).toHaveLength(2);
    expect(answers[0]).toMatchObject({ role: 'reader', milliseconds: expect.any(Number) });
    const words = (await cli.as('reader').run(['ping'])).stdout;
    expect(words).toMatch(/ you are \S+, with the role reader\n$/);
  });

  it('shows what the server is doing', async () => {
    const [stats] = await cli.json('stats');
    expect(stats).toMatchObject({
      stores: expect.arrayContaining([
        expect.objectContaining({ name: 'postgres', healthy: true }),
      ]),
    });
    const shown = (await cli.run(['stats'])).stdout;
    expect(shown).toMatch(/^postgres +/m);
    expect(shown).toMatch(/^method +calls +errors +cancelled +p50/m);
  });

  it('measures a load, and verifies and rebuilds what it left', async () => {
    const bench = ['bench', '--clients', '4', '--updates', '50', '--leaderboard', 'load'];
    const [figures] = await cli.json<{
      operations: Record<'submit' | 'rank', { count: number; latencyMs: { p99: number } }>;
      errors: object;
    }>(...bench, '--read-share', '0.3');
    const { submit, rank } = figures?.operations ?? {};
    expect((submit?.count ?? 0) + (rank?.count ?? 0)).toBe(200);
    expect(submit?.latencyMs.p99).toBeGreaterThan(0);
    expect(figures?.errors).toEqual({});
    const [streamed] = await cli.json(...bench, '--stream', '--shared-connection');
    expect(streamed).toMatchObject({ operations: { submit: { count: 200 } }, errors: {} });

    const entries = (await cli.json<{ totalPlayers: number }>('top', 'load'))[0]?.totalPlayers;
    const verified = (await cli.json('verify', 'load')).at(-1);
    expect(verified).toMatchObject({ done: true, checked: entries, differenceCount: 0 });
    expect((await cli.json('rebuild', 'load')).at(-1)).toMatchObject({ done: true });
    expect((await cli.run(['verify', 'load'])).stdout).toMatch(/^✔ [\d,]+ entries agree\.$/m);
  });
});

describe('rostrum shell', () => {
  it.runIf(hasTerminals)('completes, remembers and edits lines on a terminal', async () => {
    await cli.json('submit', 'completable', 'zed', '41');
    const state = mkdtempSync(path.join(tmpdir(), 'rostrum-state-'));
    const shell = service.cli({ XDG_STATE_HOME: state });
    const first = shell.startOnTerminal(['shell']);
    let screen = screenOf(first);
    await screen.shows(/rostrum> /);
    first.stdin?.write('to\t');
    await screen.shows(/top /);
    first.stdin?.write('compl\t');
    await screen.shows(/completable /);
    first.stdin?.write('\r');
    await screen.shows(/zed +41 /);
    await screen.shows(/zed[\s\S]*rostrum> /);
    first.stdin?.write('\x04');
    expect(await once(first, 'close')).toEqual([0, null]);

    const second = shell.startOnTerminal(['shell']);
    screen = screenOf(second);
    await screen.shows(/rostrum> /);
    second.stdin?.write('\x1b[A\r');
    await screen.shows(/top completable[\s\S]*zed +41 [\s\S]*rostrum> /);
    second.stdin?.write('exit\r');
    expect(await once(second, 'close')).toEqual([0, null]);
    rmSync(state, { recursive: true });
  });

  it('runs the lines of a script over one connection, up to exit', async () => {
    const script = [
      '# a comment',
      "submit shell ada 7 --name 'Ada L.'",
      'top shell',
      'no-such-command',
      'rank shell ada --json',
      'exit',
      'submit shell late 1',
    ].join('\n');
    const result = await cli.run(['shell'], script);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("unknown command 'no-such-command'");
    expect(result.stdout).toContain('APPLIED  Ada L. (ada)  7  rank 1 of 1');
    expect(JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      totalPlayers: 1,
    });
  });
});
