import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentAtLeast, percentAtMost, rateText } from './rate.js';

describe('rateText', () => {
  it('keeps four significant digits', () => {
    expect(rateText(0.27518796992481204, 0)).toBe('0.2752');
    expect(rateText(0.00012345678, 0)).toBe('0.0001235');
    expect(rateText(0, 0)).toBe('0');
    expect(rateText(1, 0.5)).toBe('1');
  });

  it('never lets a rate above the limit look like the limit', () => {
    expect(rateText(0.010000001, 0.01)).toBe('0.010000001');
  });
});

describe('percentAtMost and percentAtLeast', () => {
  it('have two significant digits, rounded to the safe side', () => {
    expect([0, 0.000_030_043, 0.05, 0.123_4, 0.3085, 0.999, 1].map(percentAtMost)).toEqual([
      '0%',
      '0.0031%',
      '5%',
      '13%',
      '31%',
      '100%',
      '100%',
    ]);
    expect([0, 0.000_030_043, 0.05, 0.123_4, 0.3085, 0.999, 1].map(percentAtLeast)).toEqual([
      '0%',
      '0.003%',
      '5%',
      '12%',
      '30%',
      '99%',
      '100%',
    ]);
  });

  it('never claim more than is known', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1, noNaN: true }), (rate) => {
        const [low, high] = [percentAtLeast(rate), percentAtMost(rate)].map((text) => Number(text.slice(0, -1)) / 100);
        expect(low).toBeLessThanOrEqual(rate * (1 + 1e-11));
        expect(high).toBeGreaterThanOrEqual(rate * (1 - 1e-11));
        expect((high ?? 0) - (low ?? 0)).toBeLessThanOrEqual(rate / 10 + 1e-15);
      }),
    );
  });
});
