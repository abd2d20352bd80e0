/** What depends on the machine a command ran on, as it is there and as documents show it. */
export interface Surroundings {
  /** Where the checkout is. Documents show `/home/you/rostrum`. */
  readonly checkout: string;
  /** Where servers serve, by the addresses that documents show. */
  readonly addresses: ReadonlyMap<string, string>;
}

const SHOWN: Surroundings = { checkout: '/home/you/rostrum', addresses: new Map() };

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are what this is about
/** Control sequences of terminals. */
const CONTROL_SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07)/g;
/** Those that go somewhere else than on along the line. */
const NEW_PLACE = /\x1b\[(?:H|2J|\?1049[hl])/g;
/** What came before these on a line is gone. */
const REDRAWN = /^.*(?:\r|\x1b\[1G)\x1b\[0?K/s;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above

/** What is never the same twice. Each is replaced in the shown and in the real output. */
const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( UTC|Z)?/g, '<date>'],
  [/\b\d\d:\d\d:\d\d(\.\d+)?/g, '<time>'],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uuid>'],
  [/\b\d[\d.,]* ?(?:ns|µs|us|ms|s|min|h)\b(?: \d+ (?:min|s)\b)*/g, '<duration>'],
  [/\bport \d+/g, 'port <port>'],
  [/\bprocess \d+/g, 'process <pid>'],
  [/"revision": ?"?\d+"?/g, '"revision": "<revision>"'],
  [/"resumeToken":"[^"]+"/g, '"resumeToken":"<token>"'],
  [/"nextPageToken": ?"[^"]+"/g, '"nextPageToken":"<token>"'],
];

/** The lines of an output without what differs from machine to machine and from run to run. */
export function essentialLines(output: string, surroundings: Surroundings = SHOWN): string[] {
  let text = output.replaceAll(surroundings.checkout, SHOWN.checkout);
  for (const [shown, real] of surroundings.addresses) {
    text = text.replaceAll(`ROSTRUM_ADDRESS=${real} `, '').replaceAll(real, shown);
  }
  text = text
    .replace(NEW_PLACE, '\n')
    .split('\n')
    .map((line) => line.replace(REDRAWN, ''))
    .join('\n')
    .replace(CONTROL_SEQUENCE, '')
    .replaceAll('\r', '');
  for (const [pattern, placeholder] of VOLATILE) text = text.replace(pattern, placeholder);
  return text
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '' && !BY_THE_WAY.test(line));
}

/** What npm says that it runs, and what go downloads when it builds a tool for the first time. */
const BY_THE_WAY = /^(> |go: downloading )/;

/**
 * Says where the real output is not as shown; undefined when it is.
 *
 * - `exact`: line for line; a line `...` stands for any number of lines.
 * - `contains`: the shown lines are among the real ones, in this order.
 * - `alike`: each shown line is among the real ones but for numbers and the players' names.
 */
export function difference(
  comparison: 'exact' | 'alike' | 'contains',
  shown: readonly string[],
  real: readonly string[],
): string | undefined {
  if (comparison === 'alike') return firstMissing(shown.map(shape), new Set(real.map(shape)));
  const pattern =
    comparison === 'exact' ? shown : ['...', ...shown.flatMap((line) => [line, '...'])];
  return matches(pattern, real) ? undefined : 'the output is not as shown';
}

function shape(line: string): string {
  return line
    .replace(/(^|\s)\S+ \([\w.:-]+\)/g, '$1<player>')
    .replace(/\d[\d.,]*/g, '<number>')
    .replace(/[▲▼]/g, '<move>');
}

function firstMissing(shown: readonly string[], real: ReadonlySet<string>): string | undefined {
  const missing = shown.find((line) => line !== '...' && !real.has(line));
  return missing === undefined ? undefined : `no line is like "${missing}"`;
}

/** Whether the lines are those of the pattern, in which `...` stands for any number of lines. */
function matches(pattern: readonly string[], lines: readonly string[]): boolean {
  const [first = [], ...others] = splitAtDots(pattern);
  const last = others.pop();
  if (last === undefined) return first.length === lines.length && isAt(first, lines, 0);
  if (!isAt(first, lines, 0)) return false;
  let at = first.length;
  for (const part of others) {
    while (at < lines.length && !isAt(part, lines, at)) at++;
    if (!isAt(part, lines, at)) return false;
    at += part.length;
  }
  return lines.length - last.length >= at && isAt(last, lines, lines.length - last.length);
}

function splitAtDots(pattern: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const line of pattern) {
    if (line === '...') parts.push([]);
    else parts.at(-1)?.push(line);
  }
  return parts;
}

function isAt(part: readonly string[], lines: readonly string[], at: number): boolean {
  return part.every((line, index) => lines[at + index] === line);
}
