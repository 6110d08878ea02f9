import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowerBound, upperBound } from './proportion.js';

/** P(X <= x) for X ~ Binomial(n, p), term by term; by logarithms, because the first terms may be too small for a double. */
function cumulative(x: number, n: number, p: number): number {
  let term = n * Math.log1p(-p);
  let sum = Math.exp(term);
  for (let k = 1; k <= x; k += 1) {
    term += Math.log((n - k + 1) / k) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(term);
  }
  return sum;
}

describe('exact bounds of a proportion', () => {
  it('are those of published tables', () => {
    // Two-sided 95% limits of Clopper and Pearson for samples of 10, as printed in textbooks.
    expect(upperBound(0, 10, 0.975)).toBeCloseTo(0.3085, 4);
    expect([lowerBound(1, 10, 0.975), upperBound(1, 10, 0.975)]).toEqual([
      expect.closeTo(0.0025, 4) as number,
      expect.closeTo(0.445, 4) as number,
    ]);
    expect([lowerBound(5, 10, 0.975), upperBound(5, 10, 0.975)]).toEqual([
      expect.closeTo(0.1871, 4) as number,
      expect.closeTo(0.8129, 4) as number,
    ]);
    expect(lowerBound(10, 10, 0.975)).toBeCloseTo(0.6915, 4);
  });

  it('need the sample sizes of the 95/95 rule (S. S. Wilks, 1941) for 0 to 4 exceptions', () => {
    [59, 93, 124, 153, 181].forEach((sampled, found) => {
      expect(upperBound(found, sampled, 0.95)).toBeLessThanOrEqual(0.05);
      expect(upperBound(found, sampled - 1, 0.95)).toBeGreaterThan(0.05);
    });
  });

  it('solve their equations', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 400 }), fc.nat(400), (sampled, any) => {
        const found = any % sampled;
        fc.pre(found > 0);
        expect(cumulative(found, sampled, upperBound(found, sampled, 0.95))).toBeCloseTo(0.05, 9);
        expect(1 - cumulative(found - 1, sampled, lowerBound(found, sampled, 0.95))).toBeCloseTo(0.05, 9);
      }),
    );
  });

  it('stay exact for large samples, and are 0 or 1 where nothing is known', () => {
    expect(upperBound(0, 99_713, 0.95)).toBeCloseTo(1 - 0.05 ** (1 / 99_713), 12);
    // For rare events the bound is that of a Poisson count: 6.2958 for 2.
    expect(upperBound(2, 1e9, 0.95) * 1e9).toBeCloseTo(6.2958, 3);
    expect(upperBound(5e8, 1e9, 0.95)).toBeCloseTo(0.5 + 1.644854 * Math.sqrt(0.25 / 1e9), 7);
    expect([upperBound(0, 0, 0.95), upperBound(7, 7, 0.95), lowerBound(0, 9, 0.95), lowerBound(0, 0, 0.95)]).toEqual([
      1, 1, 0, 0,
    ]);
  });

  it('hold in at least 95 of 100 samples, also of a population that is finite', () => {
    // 40 of 1,000 keys differ; each sample takes every key with a chance of 20%, as a hash does.
    let state = 12_345;
    const random = (): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return ((state >>> 8) & 0xffffff) / 0x1000000;
    };
    let held = 0;
    const trials = 4000;
    for (let trial = 0; trial < trials; trial += 1) {
      let found = 0;
      let sampled = 0;
      for (let key = 0; key < 1000; key += 1) {
        if (random() >= 0.2) continue;
        sampled += 1;
        if (key < 40) found += 1;
      }
      if (upperBound(found, sampled, 0.95) >= 0.04) held += 1;
    }
    // 3 standard errors below 95%.
    expect(held / trials).toBeGreaterThanOrEqual(0.94);
  });
});
