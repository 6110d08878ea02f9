import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareDecimals, formatDecimal, parseDecimal, type Decimal } from './decimal.js';
import { SignedHistogram } from './profile-histogram.js';
import { Sizes } from './profile-sizes.js';

function decimal(text: string): Decimal {
  const value = parseDecimal(text);
  if (value === undefined) throw new Error(text);
  return value;
}

const size = fc
  .record({
    units: fc.oneof(fc.bigInt({ min: -30n, max: 30n }), fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n })),
    scale: fc.nat(20),
  })
  .filter(({ units }) => units !== 0n);

describe('Sizes', () => {
  it('knows the ends exactly, and the median within its error', () => {
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 200 }), fc.constantFrom(5, 1000), (values, most) => {
        const sizes = new Sizes(most);
        for (const value of values) sizes.add(value);
        const sorted = values.toSorted(compareDecimals).map(formatDecimal);
        expect(sizes.count).toBe(values.length);
        expect([sizes.smallest, sizes.largest]).toEqual([sorted[0], sorted.at(-1)]);
        const truth = sorted[Math.floor((values.length - 1) / 2)] ?? '';
        const { text, error } = sizes.median ?? { text: 'none', error: 0 };
        if (error === 0) expect(text).toBe(truth);
        else expect(Math.abs(Number(text) - Number(truth))).toBeLessThanOrEqual(error * Math.abs(Number(truth)));
        if (most === 1000) expect(error).toBe(0);
        expect(error).toBeLessThanOrEqual(0.0101);
      }),
    );
  });

  it('says how far off a median may be whose sizes are spread over hundreds of powers of ten', () => {
    const sizes = new Sizes(10);
    const texts = Array.from({ length: 12_001 }, (_, index) => `${(index % 9) + 1}.5e${(index % 601) - 300}`);
    for (const text of texts) sizes.add(decimal(text));
    const sorted = texts.map(Number).sort((a, b) => a - b);
    const truth = sorted[6000] ?? 0;
    const { text, error } = sizes.median ?? { text: 'none', error: 0 };
    expect(error).toBeGreaterThan(0.0101);
    expect(error).toBeLessThan(0.5);
    expect(Math.abs(Number(text) - truth)).toBeLessThanOrEqual(error * truth);
  });

  it('has none of nothing', () => {
    const sizes = new Sizes(10);
    expect([sizes.smallest, sizes.median, sizes.largest, sizes.histogram]).toEqual([null, null, null, []]);
  });
});

describe('SignedHistogram', () => {
  it('holds every size in its bin, ascending and without gaps but around 0', () => {
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 60 }), (values) => {
        const histogram = new SignedHistogram();
        for (const value of values) histogram.add(value);
        const bins = histogram.bins();
        expect(bins.length).toBeLessThanOrEqual(16);
        for (const { from, to, count } of bins) {
          const inside = values.filter(
            (value) => compareDecimals(decimal(from), value) <= 0 && compareDecimals(value, decimal(to)) < 0,
          );
          expect(inside).toHaveLength(count);
        }
        expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
        bins.slice(1).forEach(({ from }, index) => {
          const before = bins[index]?.to ?? '';
          expect(from === before || (before.startsWith('-') && !from.startsWith('-'))).toBe(true);
        });
      }),
    );
  });

  it('has narrow bins where the sizes are alike, and takes a boundary as the smaller end of both signs', () => {
    const histogram = new SignedHistogram();
    for (const text of ['-10', '-9.99', '-5', '1', '1.99', '2', '7']) histogram.add(decimal(text));
    expect(histogram.bins()).toEqual([
      { from: '-10', to: '-5', count: 2 },
      { from: '-5', to: '-2', count: 1 },
      { from: '1', to: '2', count: 2 },
      { from: '2', to: '5', count: 1 },
      { from: '5', to: '10', count: 1 },
    ]);
  });

  it('has wide ones where they are not', () => {
    const histogram = new SignedHistogram();
    for (const text of ['0.00003', '4', '70000000']) histogram.add(decimal(text));
    const bins = histogram.bins();
    expect(bins[0]).toEqual({ from: '0.00001', to: '0.0001', count: 1 });
    expect(bins.at(-1)).toEqual({ from: '10000000', to: '100000000', count: 1 });
  });
});
