import { describe, expect, it } from 'vitest';
import { expectedShare, FEW_BUCKETS, MANY_BUCKETS, planDiff, SMALL_TABLE } from './plan.js';

const LARGE = { batchRows: 10_000_000, streamRows: 10_000_000 };

describe('planDiff', () => {
  it('joins small tables', () => {
    expect(planDiff({ batchRows: SMALL_TABLE - 1, streamRows: 0 })).toMatchObject({
      strategy: 'join',
      reason: expect.stringContaining('small'),
    });
    expect(planDiff({ batchRows: SMALL_TABLE, streamRows: SMALL_TABLE })).toMatchObject({
      strategy: 'digest',
      buckets: FEW_BUCKETS,
    });
  });

  it('digests large tables of which nothing is known, into more buckets the larger they are', () => {
    expect(planDiff(LARGE)).toMatchObject({ strategy: 'digest', buckets: MANY_BUCKETS });
    expect(planDiff({ batchRows: 1e6, streamRows: 1e6 })).toMatchObject({ strategy: 'digest', buckets: FEW_BUCKETS });
  });

  it('takes more buckets where more keys differed, and joins where too many did', () => {
    expect(planDiff({ ...LARGE, previous: { differing: 100, keys: 1e7 } }).buckets).toBe(FEW_BUCKETS);
    expect(planDiff({ ...LARGE, previous: { differing: 2000, keys: 1e7 } }).buckets).toBe(MANY_BUCKETS);
    expect(planDiff({ ...LARGE, previous: { differing: 20_000, keys: 1e7 } }).strategy).toBe('join');
  });

  it('takes one bucket where the sides were equal, unless their rows say otherwise', () => {
    const previous = { differing: 0, keys: 1e7 };
    expect(planDiff({ ...LARGE, previous })).toMatchObject({ strategy: 'digest', buckets: 1 });
    expect(planDiff({ batchRows: 10_000_000, streamRows: 9_999_999, previous }).buckets).toBe(FEW_BUCKETS);
  });

  it('says when it knows a lower bound of the rows only', () => {
    expect(planDiff({ batchRows: 50_000, streamRows: 50_000, exact: false }).reason).toContain('at least 50000 rows');
  });

  it('sees from the row counts that many keys are missing', () => {
    expect(planDiff({ batchRows: 10_000_000, streamRows: 9_000_000 }).strategy).toBe('join');
    expect(planDiff({ batchRows: 10_000_000, streamRows: 0 }).strategy).toBe('join');
  });

  it('does as it is told', () => {
    expect(planDiff({ ...LARGE, forced: 'join' }).strategy).toBe('join');
    expect(planDiff({ batchRows: 1, streamRows: 1, forced: 'digest' }).strategy).toBe('digest');
  });

  it('expects as many differing buckets as keys thrown into buckets fill', () => {
    expect(expectedShare(0, 4096)).toBe(0);
    expect(expectedShare(1000, 4096)).toBeCloseTo(0.2166, 3);
    expect(expectedShare(1e9, 4096)).toBe(1);
  });
});
