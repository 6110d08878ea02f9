/**
 * A rate (0 .. 1) for people, in four significant digits; in full where rounding would make it look equal to the limit it is held against.
 */
export function rateText(rate: number, limit: number): string {
  const rounded = Number(rate.toPrecision(4));
  return String(rounded === limit ? rate : rounded);
}

/** A rate (0 .. 1) as a percentage in two significant digits, never less than it is: `0.0031%`. */
export function percentAtMost(rate: number): string {
  return inPercent(rate, Math.ceil);
}

/** The same, never more than it is. */
export function percentAtLeast(rate: number): string {
  return inPercent(rate, Math.floor);
}

function inPercent(rate: number, round: (value: number) => number): string {
  const percent = rate * 100;
  if (percent <= 0) return '0%';
  if (percent >= 100) return '100%';
  const digits = Math.max(0, 1 - Math.floor(Math.log10(percent)));
  // What a double has too much or too little in its last digits is no reason to round further.
  const scaled = Number((percent * 10 ** digits).toPrecision(12));
  const text = (round(scaled) / 10 ** digits).toFixed(Math.min(100, digits));
  return `${text.includes('.') ? text.replace(/\.?0+$/, '') : text}%`;
}
