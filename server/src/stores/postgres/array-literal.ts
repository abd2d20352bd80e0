/**
 * Writes PostgreSQL array literals (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO).
 * The driver can do it too; on the submission path this is several times cheaper, because what
 * needs quoting is known.
 */

/** Of finite numbers; null elements become NULL. */
export function numberArray(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** Of ids, which consist of characters that need no escaping. Quoted, for the id `NULL` is one. */
export function idArray(ids: readonly string[]): string {
  return ids.length === 0 ? '{}' : `{"${ids.join('","')}"}`;
}

/** Of any text; null elements become NULL. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map(textElement).join(',')}}`;
}

function textElement(value: string | null): string {
  if (value === null) return 'NULL';
  return value === '' ? '""' : `"${value.replace(/["\\]/g, '\\$&')}"`;
}
