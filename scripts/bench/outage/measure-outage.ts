import type { BenchOptions } from '../options.ts';
import type { Undoing } from '../undoing.ts';
export async function measureOutage(_o: BenchOptions, _u: Undoing): Promise<void> {}
