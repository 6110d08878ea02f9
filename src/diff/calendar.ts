import type { Decimal } from './decimal.js';

const DATE = /^(\d{4,})-(\d\d)-(\d\d)$/;
const TIMESTAMP = /^(\d{4,}-\d\d-\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?$/;

/** Days since 1970-01-01 in the proleptic Gregorian calendar. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
function daysFromCivil(year: bigint, month: bigint, day: bigint): bigint {
  const shifted = month <= 2n ? year - 1n : year;
  const era = shifted / 400n;
  const yearOfEra = shifted - era * 400n;
  const dayOfYear = (153n * (month > 2n ? month - 3n : month + 9n) + 2n) / 5n + day - 1n;
  return era * 146097n + yearOfEra * 365n + yearOfEra / 4n - yearOfEra / 100n + dayOfYear - 719468n;
}

/** Days since 1970-01-01 of a canonical date; undefined for infinities and years before 1. */
export function daysOf(text: string): Decimal | undefined {
  const match = DATE.exec(text);
  if (match === null || Number(match[1]) < 1) return undefined;
  return { units: daysFromCivil(BigInt(match[1] ?? 0), BigInt(match[2] ?? 0), BigInt(match[3] ?? 0)), scale: 0 };
}

/** Seconds since 1970-01-01 00:00:00 of a canonical timestamp, exact; undefined for infinities and years before 1. */
export function secondsOf(text: string): Decimal | undefined {
  const match = TIMESTAMP.exec(text);
  const days = daysOf(match?.[1] ?? '');
  if (match === null || days === undefined) return undefined;
  const [, , hours = '0', minutes = '0', seconds = '0', fraction = ''] = match;
  const whole = days.units * 86_400n + BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds);
  return {
    units: whole * 10n ** BigInt(fraction.length) + BigInt(fraction === '' ? 0 : fraction),
    scale: fraction.length,
  };
}
