import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../../../scripts/services/temporary-directory.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { Mutation } from './mutation.ts';

/** A copy of the built server with a mutation in it. */
export interface Mutant {
  readonly root: string;
  remove(): void;
}

/** @throws Error if a place to patch is not there (any more) */
export function makeMutant(checkout: string, mutation: Pick<Mutation, 'name' | 'patches'>): Mutant {
  const directory = temporaryDirectory('rostrum-mutant-');
  try {
    const server = join(directory.path, 'server');
    mkdirSync(server);
    cpSync(join(checkout, 'server/dist'), join(server, 'dist'), { recursive: true });
    // What is read when the server runs.
    cpSync(join(checkout, 'server/src'), join(server, 'src'), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts'),
    });
    cpSync(join(checkout, 'server/package.json'), join(server, 'package.json'));
    symlinkSync(join(checkout, 'node_modules'), join(directory.path, 'node_modules'));
    for (const { file, find, replace } of mutation.patches) {
      const path = join(server, file);
      const text = readFileSync(path, 'utf8');
      if (!text.includes(find)) {
        throw new Error(
          `mutation ${mutation.name}: server/${file} has no ${JSON.stringify(find)} any more; say in mutations.ts what to patch instead`,
        );
      }
      writeFileSync(
        path,
        text.replaceAll(find, () => replace),
      );
    }
    return { root: directory.path, remove: directory.remove };
  } catch (error) {
    directory.remove();
    throw error;
  }
}

/** The short schedule that brings the mutation out. */
export function scheduleOf(mutation: Mutation): Schedule {
  return {
    seed: 1,
    durationMs: mutation.seconds * 1000,
    faults: mutation.faults.map(({ second, lasts, ...kind }, index) => ({
      ...kind,
      id: index + 1,
      at: second * 1000,
      lasts: lasts * 1000,
    })),
  };
}
