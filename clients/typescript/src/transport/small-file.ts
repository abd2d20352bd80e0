import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';

/** More than any bundle of certificates has. */
const MAX_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** What a path leads to is none of the files that `readSmallFile` reads; the message says what it is. */
export class UnsuitableFile extends Error {}

/**
 * Reads a regular file of at most 1 MiB, or one that a link leads to. A device or a pipe has no end, or none
 * that comes by itself, and whoever names one by mistake would wait, or run out of memory.
 * @throws UnsuitableFile; what the system says if the file cannot be read
 */
export function readSmallFile(path: string): Buffer {
  // Without O_NONBLOCK a pipe would not even open before somebody writes to it. Windows has neither.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new UnsuitableFile(`it is ${kindOf(stats)}, not a file`);
    const chunks: Buffer[] = [];
    // The size that the system tells is not asked: it may grow, and files of /proc have none.
    for (let bytes = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const read = readSync(file, chunk);
      if (read === 0) return Buffer.concat(chunks);
      bytes += read;
      if (bytes > MAX_BYTES) throw new UnsuitableFile('it has more than 1 MiB');
      chunks.push(chunk.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  return stats.isFIFO() ? 'a pipe' : 'a device';
}
