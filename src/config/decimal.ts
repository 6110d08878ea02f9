/**
 * A number as plain decimal text without loss: `1e-9` -> `0.000000001`, `2.50` -> `2.5`, `+.5` -> `0.5`.
 * Undefined when the text is not a decimal number, or its exponent is beyond +-100.
 */
export function decimalText(text: string): string | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text.trim());
  if (match === null) return undefined;
  const whole = match[2] ?? '';
  const fraction = match[3] ?? '';
  const exponent = Number(match[4] ?? '0');
  if (whole + fraction === '' || Math.abs(exponent) > 100) return undefined;
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const at = Math.max(point, 1);
  const integer = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  const rest = padded.slice(at).replace(/0+$/, '');
  const magnitude = rest === '' ? integer : `${integer}.${rest}`;
  return match[1] === '-' && magnitude !== '0' ? `-${magnitude}` : magnitude;
}
