import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrequentValues } from './profile-frequent.js';

function truth(values: readonly (string | null)[]): Map<string | null, number> {
  const counts = new Map<string | null, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

const skewed = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('a', 'b', null) },
    { weight: 2, arbitrary: fc.nat(5000).map(String) },
  ),
  { maxLength: 800 },
);

it('counts lower bounds that fall short by at most 2 / capacity, and says when they are exact', () => {
  fc.assert(
    fc.property(skewed, fc.integer({ min: 32, max: 64 }), (values, capacity) => {
      const frequent = new FrequentValues(capacity);
      for (const value of values) frequent.add(value);
      const counts = truth(values);
      const found = new Map(frequent.atLeast(1).map(({ value, count }) => [value, count]));
      expect(found.size).toBeLessThanOrEqual(capacity);
      for (const [value, count] of counts) {
        const seen = found.get(value) ?? 0;
        expect(seen).toBeLessThanOrEqual(count);
        expect(seen).toBeGreaterThanOrEqual(count - (2 * values.length) / capacity);
        if (frequent.exact) expect(seen).toBe(count);
      }
      if (counts.size <= capacity) expect(frequent.exact).toBe(true);
    }),
  );
});

it('keeps a value that stands among a million others', () => {
  const frequent = new FrequentValues(256);
  for (let i = 0; i < 100_000; i += 1) frequent.add(i % 10 < 6 ? '2001-04-01' : String(i));
  const [first] = frequent.atLeast(10_000);
  expect(first?.value).toBe('2001-04-01');
  expect(first?.count).toBeGreaterThanOrEqual(60_000 - (2 * 100_000) / 256);
  expect(first?.count).toBeLessThanOrEqual(60_000);
  expect(frequent.exact).toBe(false);
});

it('finds a value that becomes frequent after many thousands that stood only once', () => {
  const frequent = new FrequentValues(256);
  for (let i = 0; i < 50_000; i += 1) frequent.add(String(i));
  for (let i = 0; i < 50_000; i += 1) frequent.add(i % 4 === 0 ? 'late' : `x${i}`);
  const [first] = frequent.atLeast(5000);
  expect(first?.value).toBe('late');
  expect(first?.count).toBeGreaterThan(12_500 - 2000);
  expect(first?.count).toBeLessThanOrEqual(12_500);
});
