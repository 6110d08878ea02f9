import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalVectors, eventsBetween, fromJson, toJson } from './offset-vector.js';
import type { OffsetVector } from './offset-vector.js';

const offset = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const vectors: fc.Arbitrary<OffsetVector> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 40 }), offset), { maxLength: 12 })
  .map((entries) => new Map(entries));
/** Small offsets, so that sums stay exact and equal vectors come up. */
const smallVectors: fc.Arbitrary<OffsetVector> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 3 })), { maxLength: 5 })
  .map((entries) => new Map(entries));

/** The reference: the position of every partition that either names. */
function positions(vector: OffsetVector, other: OffsetVector): number[] {
  return [...new Set([...vector.keys(), ...other.keys()])].sort((a, b) => a - b).map((p) => vector.get(p) ?? 0);
}

describe('an offset vector as JSON', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        expect(new Map(fromJson(toJson(vector)))).toEqual(new Map(vector));
      }),
    );
  });

  it('is the same text whatever the order of insertion, partitions ascending as numbers', () => {
    const vector = new Map([
      [10, 7],
      [2, 5],
      [0, 0],
    ]);
    expect(JSON.stringify(toJson(vector))).toBe('{"0":"0","2":"5","10":"7"}');
    fc.assert(
      fc.property(vectors, (v) => {
        expect(JSON.stringify(toJson(new Map([...v].reverse())))).toBe(JSON.stringify(toJson(v)));
      }),
    );
  });

  it('keeps offsets as text, up to the largest safe integer', () => {
    expect(toJson(new Map([[1, Number.MAX_SAFE_INTEGER]]))).toEqual({ '1': '9007199254740991' });
    expect(fromJson({ '1': '9007199254740991' }).get(1)).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('equalVectors', () => {
  it('compares positions: a partition that is absent stands at 0', () => {
    expect(equalVectors(new Map([[3, 0]]), new Map())).toBe(true);
    expect(equalVectors(new Map(), new Map([[3, 0]]))).toBe(true);
    expect(equalVectors(new Map([[3, 1]]), new Map())).toBe(false);
    expect(equalVectors(new Map(), new Map([[3, 1]]))).toBe(false);
    expect(equalVectors(new Map([[0, 1]]), new Map([[1, 1]]))).toBe(false);
  });

  it('agrees with the positions written out', () => {
    fc.assert(
      fc.property(smallVectors, smallVectors, (a, b) => {
        const same = JSON.stringify(positions(a, b)) === JSON.stringify(positions(b, a));
        expect(equalVectors(a, b)).toBe(same);
        expect(equalVectors(b, a)).toBe(same);
      }),
      { numRuns: 500 },
    );
  });
});

describe('eventsBetween', () => {
  it('counts what was added, partition by partition', () => {
    const from = new Map([
      [0, 5],
      [1, 7],
    ]);
    const to = new Map([
      [0, 8],
      [1, 7],
      [2, 4],
    ]);
    expect(eventsBetween(from, to)).toBe(7);
    expect(eventsBetween(new Map(), to)).toBe(19);
  });

  it('counts nothing for a partition that fell back, and does not set it off against another', () => {
    expect(eventsBetween(new Map([[0, 9]]), new Map([[0, 4]]))).toBe(0);
    expect(
      eventsBetween(
        new Map([[0, 9]]),
        new Map([
          [0, 4],
          [1, 3],
        ]),
      ),
    ).toBe(3);
  });

  it('is zero both ways exactly when the positions are equal', () => {
    fc.assert(
      fc.property(smallVectors, smallVectors, (a, b) => {
        expect(eventsBetween(a, b) === 0 && eventsBetween(b, a) === 0).toBe(equalVectors(a, b));
      }),
      { numRuns: 500 },
    );
  });
});
