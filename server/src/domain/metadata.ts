/** How deep objects and lists may be nested. */
const MAX_DEPTH = 16;

/**
 * The JSON of caller-given data.
 *
 * @param maxBytes the most bytes that the JSON may take in UTF-8
 * @returns `json`, or what is wrong in `problem`
 */
export function metadataToJson(
  value: Readonly<Record<string, unknown>>,
  maxBytes: number,
): { readonly json: string } | { readonly problem: string } {
  const problem = findProblem(value, 1);
  if (problem !== undefined) return { problem };
  const json = JSON.stringify(value);
  const bytes = Buffer.byteLength(json);
  return bytes > maxBytes
    ? { problem: `must be at most ${maxBytes} bytes as JSON and is ${bytes}` }
    : { json };
}

/** What JSON or the store of record cannot hold. */
function findProblem(value: unknown, depth: number): string | undefined {
  if (typeof value === 'number') {
    return Number.isFinite(value) ? undefined : 'must not contain NaN or infinite numbers';
  }
  if (typeof value === 'string') {
    if (value.includes('\0')) return 'must not contain the character U+0000';
    return value.isWellFormed() ? undefined : 'must not contain halves of surrogate pairs';
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_DEPTH) return `must not be nested more than ${MAX_DEPTH} levels deep`;
  for (const [key, item] of Object.entries(value)) {
    const problem = findProblem(key, depth) ?? findProblem(item, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
