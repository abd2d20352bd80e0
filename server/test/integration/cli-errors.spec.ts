import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { RostrumCli } from '../support/rostrum-cli.js';
import { testCertificates } from '../support/test-certificates.js';
import { useTestService } from '../support/test-service.ts';

const service = useTestService();
let cli: RostrumCli;

beforeAll(() => {
  cli = service.cli();
});

async function freeAddress(): Promise<string> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return `127.0.0.1:${port}`;
}

describe('what rostrum says when it cannot do what is asked', () => {
  it('names the address where no server is listening, within a second or two', async () => {
    const address = await freeAddress();
    const start = performance.now();
    const result = await cli.run(['ping', '--address', address, '--json']);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(result.stderr)).toMatchObject({
      error: {
        reason: 'CONNECTION_FAILED',
        message: expect.stringContaining(`${address}: nothing listens there`),
      },
    });
    const words = (await cli.run(['watch', 'arena', '--address', address])).stderr;
    expect(words).toMatch(
      /^error: cannot reach .*\(ECONNREFUSED\) \[CONNECTION_FAILED\]\n {2}→ --address/,
    );
  });

  it('names the certificate file that is missing', async () => {
    const result = await cli.run(['ping', '--cert', '/nowhere/me.crt']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('/nowhere/me.crt');
    expect(result.stderr).not.toContain('npm start');
    const made = await cli.run(['ping', '--cert', '/nowhere/certs/dev/me.crt']);
    expect(made.stderr).toContain('npm start');
  });

  it('says where it looked when there is no certificate at all', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'rostrum-nowhere-'));
    const none = { ROSTRUM_TLS_CA: '', ROSTRUM_TLS_CERT: '', ROSTRUM_TLS_KEY: '' };
    const key = testCertificates('reader').key;
    const result = await new RostrumCli(service.server.address, none).run(['ping', '--key', key]);
    rmSync(directory, { recursive: true });
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('no cert file') });
  });

  it.each([
    ['expired', 'expired'],
    ['foreign', 'refuse'],
  ] as const)('explains that a certificate which is %s is not let in', async (identity, why) => {
    const result = await cli.as(identity).run(['top', 'arena']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('[CERTIFICATE_REFUSED]');
    expect(result.stderr).toContain(why);
    expect(result.stderr).toContain(testCertificates(identity).cert);
  });

  it('explains that a certificate without a role is not let in', async () => {
    const result = await cli.as('roleless').run(['top', 'arena']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('spiffe://rostrum/<role>/<name>');
  });

  it('says which role is needed, and as whom one came', async () => {
    const result = await cli.as('reader').run(['submit', 'arena', 'ada', '1']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('[ROLE_NOT_ALLOWED]');
    expect(result.stderr).toContain('--as writer');
    expect(result.stderr).toContain('spiffe://rostrum/reader/');
  });

  it.each([
    ['a leaderboard that does not exist', ['top', 'no-such-board'], 'LEADERBOARD_NOT_FOUND'],
    ['a watch of one that does not exist', ['watch', 'no-such-board'], 'LEADERBOARD_NOT_FOUND'],
    ['an id that is none', ['submit', 'arena', '../etc', '1'], 'INVALID_FIELD'],
  ] as const)('tells of %s, with exit code 1', async (_what, args, reason) => {
    const result = await cli.run([...args, '--json']);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(result.stderr)).toMatchObject({ error: { reason } });
  });

  it.each([
    [['frobnicate']],
    [['top']],
    [['top', 'arena', '-n', '0']],
    [['submit', 'arena', 'ada', 'many']],
    [['around', 'arena']],
    [['watch', 'arena', '--top', '5', '--around', 'ada']],
    [['ping', '--address', 'nowhere']],
    [['ping', '--address', 'nowhere:1,here']],
    [['watch', 'arena', '--resume', 'token']],
    [[]],
  ])('ends misuse such as %j with exit code 2 and nothing on standard output', async (args) => {
    const result = await cli.run(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).not.toBe('');
  });

  it('ends with 1 when a score is not recorded, because its id was used for another', async () => {
    const submit = (score: string) => ['submit', 'reused', 'ada', score, '--id', 's-1'];
    expect(await cli.run(submit('5'))).toMatchObject({ code: 0 });
    expect(await cli.run(submit('5'))).toMatchObject({ code: 0 });
    const words = await cli.run(submit('6'));
    expect(words).toMatchObject({ code: 1, stdout: '' });
    expect(words.stderr).toMatch(
      /not recorded: .*"s-1".*\[SUBMISSION_ID_REUSED\]\n {2}→ Leave --id/,
    );
    const scripted = await cli.run([...submit('6'), '--json']);
    expect(scripted).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(scripted.stderr)).toMatchObject({
      error: {
        code: 'ALREADY_EXISTS',
        reason: 'SUBMISSION_ID_REUSED',
        metadata: { submission_id: 's-1' },
      },
    });
    // A script of the shell that lost one has failed as well.
    const shell = await cli.run(['shell'], `${submit('6').join(' ')}\ntop reused\n`);
    expect(shell).toMatchObject({ code: 1, stdout: expect.stringContaining('ada') });
  });

  it('ends with 1 when none of several players has an entry, with 0 when some have', async () => {
    await cli.run(['submit', 'sparse', 'ada', '1']);
    const some = await cli.run(['rank', 'sparse', 'ada', 'nobody']);
    expect(some).toMatchObject({ code: 0, stderr: 'no entry: nobody\n' });
    const none = await cli.run(['rank', 'sparse', 'nobody', 'no-one']);
    expect(none).toMatchObject({ code: 1, stdout: '', stderr: 'no entry: nobody, no-one\n' });
  });

  it.each([
    ['ping', ['ping', '-n', '100000', '--json']],
    ['bench', ['bench', '--updates', '100000000', '--clients', '2']],
    ['demo', ['demo', 'interrupted', '--seconds', '1000', '--players', '2', '--json']],
  ])('ends %s with 130 when it is interrupted before it is done', async (name, args) => {
    const child = cli.start(args);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    if (name === 'bench') {
      // It prints nothing until its end: it is under way when its board is there.
      await expect
        .poll(async () => (await cli.run(['top', 'bench'])).code, { timeout: 15_000 })
        .toBe(0);
    } else {
      await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
    }
    child.stdout?.resume();
    child.kill('SIGINT');
    expect({ ended: await once(child, 'close'), stderr }).toMatchObject({ ended: [130, null] });
  });

  it('gives up a server that says nothing when the time limit is over', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    const limits = ['--address', `127.0.0.1:${port}`, '--timeout', '300ms'];
    for (const args of [['ping'], ['submit', 'arena', 'ada', '1'], ['watch', 'arena']]) {
      const result = await cli.run([...args, ...limits]);
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toContain('no answer');
    }
    silent.close();
  });

  it('goes to another of several servers when one is not there', async () => {
    const address = `${await freeAddress()},${service.server.address}`;
    const result = await cli.run(['submit', 'spread', 'ada', '1', '--address', address]);
    expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('APPLIED') });
  });

  it('shows the help, with its examples, to a command line that names no command', async () => {
    const [bare, help] = [await cli.run([]), await cli.run(['help'])];
    expect(help.stdout).toContain('rostrum submit arena ada 1200');
    expect(bare.stderr).toBe(help.stdout);
  });

  it('knows no help on what is no command, and has help on parts of one', async () => {
    const unknown = await cli.run(['help', 'nope']);
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/^error: unknown command 'nope'\n/);
    expect((await cli.run(['help', 'boards', 'create'])).stdout).toContain('--aggregation');
  });

  it('suggests the command that was meant, and says a refused field once', async () => {
    expect((await cli.run(['sumbit', 'demo'])).stderr).toMatch(
      /^error: unknown command 'sumbit' \(Did you mean submit\?\)\n/,
    );
    const { stderr } = await cli.run(['submit', 'de/mo', 'you', '5']);
    expect(stderr).toMatch(/^error: leaderboardId: "de\/mo" .* \[INVALID_FIELD\]\n$/);
  });

  it('is quiet when whoever reads its output goes away', async () => {
    for (let player = 1; player <= 3; player++) {
      await cli.run(['submit', 'pipe', `p${player}`, String(player)]);
    }
    const child = cli.start(['shell']);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdout?.destroy();
    child.stdin?.on('error', () => {});
    child.stdin?.end('top pipe --json\n'.repeat(50));
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect(stderr).toBe('');
  });

  it.each(['/dev/zero', 'a pipe'])(
    'refuses %s as a certificate, and does not wait',
    async (name) => {
      const directory = mkdtempSync(path.join(tmpdir(), 'rostrum-no-certificate-'));
      const file = name === 'a pipe' ? path.join(directory, 'pipe') : name;
      if (file !== name) execFileSync('mkfifo', [file]);
      const { cert, key } = testCertificates('reader');
      for (const part of ['--ca', '--cert', '--key']) {
        const files = { '--cert': cert, '--key': key, [part]: file };
        const result = await cli.run(['ping', ...Object.entries(files).flat()]);
        expect(result).toMatchObject({ code: 1, stdout: '' });
        expect(result.stderr).toMatch(
          /^error: .* cannot be used: it is .*, not a file \[CERTIFICATE_INVALID\]\n$/,
        );
      }
      rmSync(directory, { recursive: true });
    },
  );
});

describe('what rostrum says when its output cannot be written', () => {
  it('says in a line that the disk is full, and fails', async () => {
    const full = await cli.runInShell('"$@" > /dev/full', ['ping']);
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(
      /^error: The output cannot be written: the disk is full \(ENOSPC\)\. \[OUTPUT_FAILED\]\n {2}→ Only the output is lost/,
    );
    const json = await cli.runInShell('"$@" > /dev/full', ['submit', 'full', 'ada', '1', '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'OUTPUT_FAILED' } });
    // It is recorded all the same, as the error says.
    expect(await cli.json('rank', 'full', 'ada')).toMatchObject([{ standing: { score: 1 } }]);
    expect(await cli.runInShell('"$@" 2> /dev/full', ['top', 'nowhere'])).toMatchObject({
      code: 1,
    });
  });

  it('fails when only a part of its output fits', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'rostrum-full-'));
    const file = path.join(directory, 'help');
    // The file may have one block. Nothing is printed after what does not fit.
    const result = await cli.runInShell(`ulimit -f 1; "$@" > '${file}'`, ['help', 'watch']);
    expect(readFileSync(file, 'utf8')).toMatch(/^Usage: rostrum watch/);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^error: The output cannot be written: .* \(EFBIG\)/);
    rmSync(directory, { recursive: true });
  });
});
