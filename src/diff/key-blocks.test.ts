import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column } from '../model/column.js';
import { haveBlocks, probeRanges, rangesOfBuckets, shiftFor } from './key-blocks.js';

const spread = (rows: number, bounds: readonly (number | bigint | string)[], most = 0) => ({
  rows,
  bounds: bounds.map(String),
  most,
  led: false,
});

describe('shiftFor', () => {
  it('makes blocks of about so many rows, by how densely the values lie', () => {
    expect(shiftFor(spread(3_000_000, [1, 1_000_000, 2_000_000, 3_000_000]), 128)).toBe(7);
    // One value in a thousand.
    expect(shiftFor(spread(3_000_000, [1, 1e9, 2e9, 3e9]), 128)).toBe(17);
    expect(shiftFor(spread(1000, [0, 500, 1000]), 1)).toBe(0);
    // From end to end of 64 bits.
    expect(shiftFor(spread(1_000_000, [-(2n ** 63n), 0, 2n ** 63n - 1n]), 100)).toBe(51);
  });

  it('goes by where most rows lie, and not by a gap among them', () => {
    expect(shiftFor(spread(400_000, [1, 1e5, 2e5, 1e15, 1e15 + 1e5, 1e15 + 2e5]), 128)).toBe(8);
  });

  it('gives up where many rows would share a block', () => {
    expect(shiftFor(spread(1_000_000, [1, 1e5, 1e9, 2e9, 3e9]), 100)).toBeNull();
    expect(shiftFor(spread(1_000_000, [1, 1e6], 0.01), 100)).toBeNull();
    expect(shiftFor(spread(1_000_000, ['a', 'b']), 100)).toBeNull();
    expect(shiftFor(spread(1_000_000, [1]), 100)).toBeNull();
  });

  it('gives up where a table was emptied since its values were looked at', () => {
    for (const rows of [-1, 0, NaN]) expect(shiftFor(spread(rows, [1, 10, 20]), 4)).toBeNull();
  });
});

describe('haveBlocks', () => {
  const column = (type: string): Column => ({ name: 'id', type, family: 'integer' });

  it('takes whole numbers that fit 64 bits with a sign, whatever their width', () => {
    expect(haveBlocks(column('bigint'), column('INTEGER'))).toBe(true);
    expect(haveBlocks(column('smallint'), column('UINTEGER'))).toBe(true);
    for (const type of ['UBIGINT', 'HUGEINT', 'numeric', 'text', 'uuid', 'a_domain'])
      expect(haveBlocks(column('bigint'), column(type))).toBe(false);
  });
});

describe('probeRanges', () => {
  const held = (ranges: readonly { from: bigint; to: bigint }[]): number =>
    ranges.reduce((sum, { from, to }) => sum + Number(to - from + 1n), 0);

  it('takes a few of all rows, and the newest ones', () => {
    const bounds = Array.from({ length: 101 }, (_, index) => index * 30_000);
    const ranges = probeRanges(spread(3_000_000, bounds));
    expect(ranges).toHaveLength(16);
    expect(held(ranges)).toBe(60_000);
    expect(ranges.at(-1)).toEqual({ from: 2_996_251n, to: 3_000_000n });
    expect(probeRanges(spread(3_000_000, [0, 3_000_000]))).toEqual([{ from: 2_940_001n, to: 3_000_000n }]);
  });

  it('stays within the values, from end to end of 64 bits too', () => {
    const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];
    for (const bounds of [[least, most], [least, 0, most], [5, 6], Array.from({ length: 101 }, (_, index) => index)])
      for (const { from, to } of probeRanges(spread(1000, bounds))) {
        expect(from).toBeGreaterThanOrEqual(BigInt(bounds[0] ?? 0));
        expect(to).toBeLessThanOrEqual(BigInt(bounds.at(-1) ?? 0));
        expect(from).toBeLessThanOrEqual(to);
      }
  });
});

describe('rangesOfBuckets', () => {
  const all = { from: -(2n ** 63n), to: 2n ** 63n - 1n };

  it('joins neighbours, and ends where the values end', () => {
    expect(rangesOfBuckets({ shift: 2 }, 8, [0, 1, 3], { from: 2n, to: 37n })).toEqual([
      { from: 2n, to: 7n },
      { from: 12n, to: 15n },
      { from: 32n, to: 37n },
    ]);
  });

  it('gives up where it would take too many', () => {
    expect(rangesOfBuckets({ shift: 3 }, 1024, [5], all)).toBeNull();
    expect(rangesOfBuckets({ shift: 52 }, 1024, [5], all)).toHaveLength(4);
  });

  it('holds every value of these buckets and no other', () => {
    const value = fc.bigInt({ min: all.from, max: all.to });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 62 }),
        fc.integer({ min: 0, max: 6 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 63 }), { maxLength: 20 }),
        fc.array(fc.oneof(value, fc.bigInt({ min: -200n, max: 200n })), { minLength: 1, maxLength: 30 }),
        (shift, log, some, values) => {
          const buckets = 2 ** log;
          const listed = some.filter((bucket) => bucket < buckets).sort((a, b) => a - b);
          const ascending = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
          const span = { from: ascending[0] ?? 0n, to: ascending.at(-1) ?? 0n };
          const ranges = rangesOfBuckets({ shift }, buckets, listed, span);
          fc.pre(ranges !== null);
          for (const one of [...values, span.from, span.to]) {
            const bucket = Number(BigInt.asIntN(64, one >> BigInt(shift)) & BigInt(buckets - 1));
            const found = (ranges ?? []).filter(({ from, to }) => from <= one && one <= to);
            expect(found).toHaveLength(listed.includes(bucket) ? 1 : 0);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
