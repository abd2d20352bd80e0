import type { Cap } from './domain/allotment.js';

/** How the text of a setting becomes its value. */
export interface Kind<Value> {
  /** What the text must be, in words. */
  readonly rule: string;
  /** Whether problems must not repeat the text. */
  readonly isSecret?: boolean;
  /** Undefined if the text does not follow the rule. */
  parse(text: string): Value | undefined;
}

export const TEXT: Kind<string> = { rule: 'a text', parse: (text) => text };

export const ON_OR_OFF: Kind<boolean> = {
  rule: 'one of on, off',
  parse: (text) => (text === 'on' || text === 'off' ? text === 'on' : undefined),
};

/** `host:port`; the host may be an IPv6 address in brackets. */
export const ADDRESS: Kind<{ readonly host: string; readonly port: number }> = {
  rule: 'host:port, such as localhost:50051 or [::]:50051',
  parse(text) {
    const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    return host !== undefined && port <= 65_535 ? { host, port } : undefined;
  },
};

export const CAP: Kind<Cap> = {
  rule: 'a share from 1% to 100%, or a whole number from 1 on',
  parse(text) {
    const match = /^(\d{1,9})(%?)$/.exec(text);
    const value = Number(match?.[1]);
    if (!(value >= 1)) return undefined;
    if (match?.[2] !== '%') return { share: 1, most: value };
    return value <= 100 ? { share: value / 100, most: Number.POSITIVE_INFINITY } : undefined;
  },
};

export function wholeNumber(least: number, most: number): Kind<number> {
  return {
    rule: `a whole number from ${least} to ${most}`,
    parse(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most ? value : undefined;
    },
  };
}

/** A whole number of MiB; the value is in bytes. */
export function mebibytes(least: number, most: number): Kind<number> {
  const { rule, parse } = wholeNumber(least, most);
  return {
    rule,
    parse(text) {
      const value = parse(text);
      return value === undefined ? undefined : value * 1024 * 1024;
    },
  };
}

export function oneOf<Choice extends string>(choices: readonly Choice[]): Kind<Choice> {
  return {
    rule: `one of ${choices.join(', ')}`,
    parse: (text) => choices.find((choice) => choice === text),
  };
}

/** All, none, or those named with commas between. */
export function someOf<Choice extends string>(choices: readonly Choice[]): Kind<readonly Choice[]> {
  return {
    rule: `all, none, or some of ${choices.join(', ')}`,
    parse(text) {
      if (text === 'all') return choices;
      const names = text === 'none' ? [] : text.split(',').map((each) => each.trim());
      const chosen = choices.filter((choice) => names.includes(choice));
      return chosen.length === names.length ? chosen : undefined;
    },
  };
}

/** @param protocols such as `redis:`; the text may hold a password */
export function url(...protocols: readonly string[]): Kind<string> {
  const forms = protocols.map((protocol) => `${protocol}//…`).join(' or ');
  return {
    rule: `a URL of the form ${forms}`,
    isSecret: true,
    parse: (text) => (protocols.includes(URL.parse(text)?.protocol ?? '') ? text : undefined),
  };
}
