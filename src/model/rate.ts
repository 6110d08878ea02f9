/**
 * A rate (0 .. 1) for people, in four significant digits; in full where rounding would make it look equal to the limit it is held against.
 */
export function rateText(rate: number, limit: number): string {
  const rounded = Number(rate.toPrecision(4));
  return String(rounded === limit ? rate : rounded);
}
