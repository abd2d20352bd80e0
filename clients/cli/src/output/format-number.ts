/**
 * A score as the shortest decimal that reads back as the same double. Within ±(2^53 - 1) JavaScript
 * never uses an exponent for large values; tiny fractions are written out too, down to 1e-20.
 */
export function formatScore(score: number): string {
  if (Object.is(score, -0)) return '0';
  const text = String(score);
  const tiny = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(text);
  if (!tiny || Number(tiny[4]) > 20) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = tiny;
  return `${sign}0.${'0'.repeat(Number(exponent) - 1)}${whole}${fraction}`;
}

/** A count with its thousands apart: `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** A percentage with one decimal, without claiming 100 for anything less. */
export function formatPercent(percent: number): string {
  const text = percent.toFixed(1);
  return percent < 100 && text === '100.0' ? '99.9' : text.replace(/\.0$/, '');
}

/** A duration given in milliseconds, with three significant digits and a fitting unit. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '-';
  if (milliseconds < 1) return `${Math.round(milliseconds * 1000)} µs`;
  if (milliseconds < 1000) return `${significant(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${significant(seconds)} s`;
  const whole = Math.floor(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

/** A size given in bytes: `512 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${unit === 0 ? amount : significant(amount)} ${units[unit]}`;
}

function significant(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
