import { describe, expect, it } from 'vitest';
import { discrepancyCount } from './comparison.js';
import type { DiffCounts } from './comparison.js';

const none: DiffCounts = {
  batch_rows: 100,
  stream_rows: 100,
  keys_compared: 100,
  matched: 90,
  tolerated: 10,
  missing_in_stream: 0,
  missing_in_batch: 0,
  value_mismatch: 0,
  duplicate_key: 0,
  null_key: 0,
  in_flux: 0,
  mismatch_rate: 0,
};

describe('discrepancyCount', () => {
  it('does not count what matched, was tolerated or is in flux', () => {
    expect(discrepancyCount({ ...none, in_flux: 5 })).toBe(0);
  });

  it('counts each kind of discrepancy', () => {
    const kinds = ['missing_in_stream', 'missing_in_batch', 'value_mismatch', 'duplicate_key', 'null_key'] as const;
    for (const kind of kinds) expect([kind, discrepancyCount({ ...none, [kind]: 3 })]).toEqual([kind, 3]);
    const all = {
      ...none,
      missing_in_stream: 1,
      missing_in_batch: 2,
      value_mismatch: 4,
      duplicate_key: 8,
      null_key: 16,
    };
    expect(discrepancyCount(all)).toBe(31);
  });
});
