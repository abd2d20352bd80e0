import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

/** More than any bundle of certificates has. */
const MAX_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a regular file of at most 1 MiB, or one that a link leads to, as text. A device or a pipe has no end,
 * or none that comes by itself: a server that is given one by mistake would wait, or run out of memory.
 *
 * @throws Error that says what the path leads to; what the system says if the file cannot be read
 */
export async function readSmallFile(path: string): Promise<string> {
  // Without O_NONBLOCK a pipe would not even open before somebody writes to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`it is ${kindOf(stats)}, not a file`);
    const chunks: Buffer[] = [];
    // The size that the system tells is not asked: it may grow, and files of /proc have none.
    for (let bytes = 0; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES));
      if (bytesRead === 0) return Buffer.concat(chunks).toString();
      bytes += bytesRead;
      if (bytes > MAX_BYTES) throw new Error('it has more than 1 MiB');
      chunks.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  return stats.isFIFO() ? 'a pipe' : 'a device';
}
