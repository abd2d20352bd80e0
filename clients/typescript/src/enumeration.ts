import { refuseField } from './errors/refuse-field.js';

/**
 * The values of an enumeration that this client offers, by their names: the contract's without the
 * prefix. What the contract plans and no server supports yet is not among them.
 */
export class Enumeration<Name extends string> {
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #names: ReadonlyMap<number, Name>;

  constructor(numbers: Readonly<Record<Name, number>>) {
    const entries = Object.entries(numbers) as [Name, number][];
    this.#numbers = new Map(entries);
    this.#names = new Map(entries.map(([name, number]) => [number, name]));
  }

  /**
   * The number for a request; 0, the service's default, for undefined.
   * @param field the path of the value in the request
   * @throws INVALID_FIELD for a name that is not offered
   */
  toNumber(name: Name | undefined, field: string): number {
    if (name === undefined) return 0;
    const number = this.#numbers.get(name);
    if (number !== undefined) return number;
    const names = [...this.#numbers.keys()].join(', ');
    throw refuseField(field, `must be one of ${names}, not ${JSON.stringify(name)}`);
  }

  /** The name in an answer; `UNKNOWN` for what only a newer client knows. */
  toName(number: number): Name | 'UNKNOWN' {
    return this.#names.get(number) ?? 'UNKNOWN';
  }
}
