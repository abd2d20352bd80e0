import { refuseField } from './refuse-field.js';
import { requireType } from './require-type.js';

/** As the service has it. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const SHOWN = 40;

/** Refuses what the service takes for no id, before anything is sent. @throws INVALID_FIELD */
export function requireId(value: string, field: string): void {
  requireType('string', value, field);
  if (ID.test(value)) return;
  const shown = value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
  const what = value === '' ? 'is empty and' : JSON.stringify(shown);
  const rule =
    'must be 1 to 128 characters of A-Z a-z 0-9 . _ : - and start with a letter or digit';
  throw refuseField(field, `${what} ${rule}`);
}
