/** A length of time in milliseconds. */
export type Duration = number;

export const DAY: Duration = 86_400_000;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY };

/** Reads `250ms`, `1s`, `15m`, `2h`, `7d`; undefined when the text is not a duration. */
export function parseDuration(text: string): Duration | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  const unit = UNITS[match?.[2] ?? ''];
  const value = match?.[1] === undefined || unit === undefined ? Number.NaN : Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Writes a duration in the largest unit that shows it in at most one decimal: `1.5s`, `15m`, `2h`. */
export function formatDuration(ms: Duration): string {
  for (const [unit, size] of Object.entries(UNITS).reverse()) {
    const tenths = (ms * 10) / size;
    if (ms >= size && Number.isInteger(tenths)) return `${tenths / 10}${unit}`;
  }
  return `${Math.round(ms)}ms`;
}

/** Writes a measured time in three significant digits: `812ms`, `1.02m`, `26.5h`. */
export function formatElapsed(ms: Duration): string {
  for (const [unit, size] of Object.entries(UNITS).reverse()) {
    if (ms >= size) return `${Number((ms / size).toPrecision(3))}${unit}`;
  }
  return `${Math.round(ms)}ms`;
}
