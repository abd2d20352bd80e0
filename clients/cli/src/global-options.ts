import { type Command, Option } from 'commander';
import { ROLES, type Role } from './connection/role.js';
import { parseDuration } from './input/parse-duration.js';

const DEFAULT_ADDRESS = 'localhost:50051';
const DEFAULT_TIMEOUT_MS = 10_000;

/** The options that every command takes. */
export interface GlobalOptions {
  /** host:port of the server. */
  readonly address: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly as?: Role;
  readonly json?: boolean;
  /** Milliseconds for connecting, and for each call that is not a stream. */
  readonly timeout: number;
}

/** Adds the global options to the program; they may stand before or after the sub-command. */
export function addGlobalOptions(program: Command, env: NodeJS.ProcessEnv): void {
  program
    .addOption(
      new Option('--address <host:port>', 'the server (env ROSTRUM_ADDRESS)').default(
        env.ROSTRUM_ADDRESS || DEFAULT_ADDRESS,
      ),
    )
    .option('--ca <file>', 'authority that the server must belong to (env ROSTRUM_TLS_CA)')
    .option('--cert <file>', 'certificate to come with (env ROSTRUM_TLS_CERT)')
    .option('--key <file>', 'its private key (env ROSTRUM_TLS_KEY)')
    .addOption(
      new Option(
        '--as <role>',
        'use certs/dev/<role>.crt and .key (default: the least role that the command needs)',
      ).choices([...ROLES]),
    )
    .option('--json', 'JSON for scripts: one value a line; errors too, on standard error')
    .addOption(
      new Option(
        '--timeout <duration>',
        'for connecting, and for each call; watch, verify and rebuild have no limit: 500ms, 5s, 2m',
      )
        .default(DEFAULT_TIMEOUT_MS, '10s')
        .argParser(parseDuration),
    );
}
