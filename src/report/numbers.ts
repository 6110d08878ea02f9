/**
 * A rate (0 .. 1) as a percentage with two decimals. It never rounds something to nothing, nor almost all to all:
 * those are `<0.01%` and `>99.99%`.
 */
export function percent(rate: number): string {
  if (rate === 0) return '0%';
  if (rate === 1) return '100%';
  if (rate > 0 && rate < 0.0001) return '<0.01%';
  if (rate > 0.9999 && rate < 1) return '>99.99%';
  return `${(rate * 100).toFixed(2)}%`;
}

/** A rate (0 .. 1) in a sentence: `94%`, `2.5%`, `0.27%`; like `percent` it never rounds something to nothing, nor almost all to all. */
export function roughPercent(rate: number): string {
  if (rate === 0 || rate === 1) return `${rate * 100}%`;
  const value = rate * 100;
  if (value >= 99.5) return '>99%';
  if (value >= 10) return `${Math.round(value)}%`;
  return value >= 0.01 ? `${Number(value.toFixed(value >= 1 ? 1 : 2))}%` : '<0.01%';
}

/** Parts per million as percent without trailing zeros: 250000 -> `25%`, 125 -> `0.0125%`. */
export function ppmAsPercent(ppm: number): string {
  return `${String(Number((ppm / 10_000).toFixed(4)))}%`;
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** A decimal text as an integer number of units of 10^-scale. */
function unitsOf(match: RegExpExecArray, scale: number): bigint {
  const digits = BigInt((match[2] ?? '0') + (match[3] ?? '').padEnd(scale, '0'));
  return match[1] === '-' ? -digits : digits;
}

/**
 * `to - from` as signed text (`+1.50`, `-3`), exact for integers and decimals of any length; null where one of them is not a
 * finite number. Numbers that need an exponent are subtracted as doubles.
 */
export function signedDifference(from: unknown, to: unknown): string | null {
  if (!isNumberLike(from) || !isNumberLike(to)) return null;
  const a = DECIMAL.exec(String(from));
  const b = DECIMAL.exec(String(to));
  if (a === null || b === null) {
    const difference = Number(to) - Number(from);
    if (!Number.isFinite(difference)) return null;
    return difference > 0 ? `+${difference}` : String(difference);
  }
  const scale = Math.max(a[3]?.length ?? 0, b[3]?.length ?? 0);
  const difference = unitsOf(b, scale) - unitsOf(a, scale);
  const digits = (difference < 0n ? -difference : difference).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`;
  return `${difference < 0n ? '-' : difference > 0n ? '+' : ''}${text}`;
}

function isNumberLike(value: unknown): value is number | string {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value);
}
