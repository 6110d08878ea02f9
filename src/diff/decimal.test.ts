import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareDecimals, distance, formatDecimal, parseDecimal, type Decimal } from './decimal.js';

function decimal(text: string): Decimal {
  const value = parseDecimal(text);
  if (value === undefined) throw new Error(`not a number: ${text}`);
  return value;
}

describe('decimal', () => {
  it.each([
    ['12', '12'],
    ['-0.50', '-0.5'],
    ['1e+20', '100000000000000000000'],
    ['1.5e-07', '0.00000015'],
    ['-0.0', '0'],
    ['.5', '0.5'],
    ['00012.3400', '12.34'],
  ])('reads %s as %s', (text, plain) => {
    expect(formatDecimal(decimal(text))).toBe(plain);
  });

  it.each(['', '-', '.', '1,5', 'NaN', '0x10', '1e', ' 1'])('does not read %j', (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });

  it('keeps every digit that a double would lose', () => {
    const difference = distance(decimal('12345678901234567890.000000000000000001'), decimal('12345678901234567890'));
    expect(formatDecimal(difference)).toBe('0.000000000000000001');
  });

  it('orders and subtracts as integers do, at any scale', () => {
    const part = fc.record({ units: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), extra: fc.nat({ max: 6 }) });
    fc.assert(
      fc.property(part, part, fc.nat({ max: 10 }), (a, b, scale) => {
        const x = { units: a.units * 10n ** BigInt(a.extra), scale: scale + a.extra };
        const y = { units: b.units * 10n ** BigInt(b.extra), scale: scale + b.extra };
        expect(Math.sign(compareDecimals(x, y))).toBe(a.units < b.units ? -1 : a.units > b.units ? 1 : 0);
        const gap = a.units > b.units ? a.units - b.units : b.units - a.units;
        expect(compareDecimals(distance(x, y), { units: gap, scale })).toBe(0);
        expect(compareDecimals(decimal(formatDecimal(x)), x)).toBe(0);
      }),
    );
  });
});
