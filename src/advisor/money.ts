/** Above it a double cannot tell tenths of a cent any more: there is no noise to be taken away. */
const NOISELESS = 1e12;

/**
 * An amount rounded to the cent, half away from zero. Products of decimals carry noise in their last digits (1.005 is held as 1.00499...), so
 * that the amount is first taken to 15 significant digits, as many as every decimal keeps in a double.
 */
export function cents(amount: number): number {
  const size = Math.abs(amount) * 100;
  const clean = size < NOISELESS * 100 ? Number(size.toPrecision(15)) : size;
  const rounded = Math.round(clean) / 100;
  return amount < 0 && rounded !== 0 ? -rounded : rounded;
}

/** A number without the noise of its last digits. */
export function clean(value: number): number {
  return Number(value.toPrecision(12));
}

/** `1,234.50` in at least `digits` decimals. */
export function numberText(value: number, digits = 0): string {
  if (Math.abs(value) >= 1e21) return String(value);
  const most = Math.max(digits, Math.abs(value) >= 1000 ? 2 : 4);
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: most });
}

/** `1,234.50 USD` */
export function moneyText(amount: number, currency: string): string {
  return `${numberText(cents(amount), 2)} ${currency}`;
}

/** Months in two decimals; what is less than a year is not rounded up to one. */
export function monthsText(months: number): string {
  const rounded = Number(months.toFixed(2));
  return months < 12 && rounded >= 12 ? '<12' : numberText(rounded);
}
