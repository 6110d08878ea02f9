import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percent, ppmAsPercent, roughPercent, signedDifference } from './numbers.js';

describe('percent', () => {
  it('says 0% only for nothing and 100% only for all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.nat(1e9), (total, part) => {
        const text = percent(Math.min(part, total) / total);
        expect(text === '0%').toBe(part === 0);
        expect(text === '100%').toBe(part >= total);
        expect(text).not.toMatch(/^(0\.00|100\.00)%$/);
      }),
    );
  });

  it('has two decimals', () => {
    expect([0.5, 1 / 3, 0.00001, 0.99999].map(percent)).toEqual(['50.00%', '33.33%', '<0.01%', '>99.99%']);
  });
});

it('roughPercent says 0% only for nothing and 100% only for all', () => {
  expect([0, 0.00001, 0.0027, 0.0251, 0.1234, 0.94, 0.9951, 0.99999, 1].map(roughPercent)).toEqual([
    '0%',
    '<0.01%',
    '0.27%',
    '2.5%',
    '12%',
    '94%',
    '>99%',
    '>99%',
    '100%',
  ]);
});

describe('signedDifference', () => {
  it('is exact for decimals of any length', () => {
    expect(signedDifference('0.1', '0.3')).toBe('+0.2');
    expect(signedDifference('9007199254740993', '9007199254740992')).toBe('-1');
    expect(signedDifference('-0.005', '0.0051')).toBe('+0.0101');
    expect(signedDifference('12.50', '12.50')).toBe('0.00');
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (a, b) => {
        const difference = signedDifference(String(a), String(b));
        expect(difference === null ? null : BigInt(difference.replace('+', ''))).toBe(b - a);
      }),
    );
  });

  it('is null where there is none', () => {
    expect(signedDifference('2001-01-01', '2')).toBeNull();
    expect(signedDifference(null, 1)).toBeNull();
    expect(signedDifference('NaN', 1)).toBeNull();
    expect(signedDifference(Number.POSITIVE_INFINITY, 1)).toBeNull();
    expect(signedDifference(1e300, 2e300)).toBe('+1e+300');
  });
});

it('ppmAsPercent keeps every part per million', () => {
  expect([0, 1, 125, 10_000, 1_000_000].map(ppmAsPercent)).toEqual(['0%', '0.0001%', '0.0125%', '1%', '100%']);
});
