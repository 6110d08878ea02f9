import { describe, expect, it } from 'vitest';
import { differingBuckets } from './digest.js';

describe('differingBuckets', () => {
  it('names buckets that differ in sum, in rows, or that one side lacks', () => {
    const batch = new Map([
      [5, { rows: 1, sum: '7' }],
      [1, { rows: 2, sum: '18446744073709551617' }],
      [2, { rows: 2, sum: '8' }],
      [3, { rows: 1, sum: '0' }],
    ]);
    const stream = new Map([
      [1, { rows: 2, sum: '18446744073709551616' }],
      [2, { rows: 3, sum: '8' }],
      [4, { rows: 1, sum: '0' }],
      [5, { rows: 1, sum: '7' }],
    ]);
    expect(differingBuckets(batch, stream)).toEqual([1, 2, 3, 4]);
    expect(differingBuckets(batch, batch)).toEqual([]);
  });
});
