import { describe, expect, it } from 'vitest';
import type { DiffCounts } from '../model/comparison.js';
import { judge, type JudgeFacts } from './judge.js';
import { sampledOf } from './sample.js';

function sample(keys: number, mismatches: number): DiffCounts {
  return {
    batch_rows: 10_000_000,
    stream_rows: 10_000_000,
    keys_compared: keys,
    matched: keys - mismatches,
    tolerated: 0,
    missing_in_stream: 0,
    missing_in_batch: 0,
    value_mismatch: mismatches,
    duplicate_key: 0,
    null_key: 0,
    in_flux: 0,
    mismatch_rate: keys === 0 ? 0 : mismatches / keys,
  };
}

function facts(maxMismatchRate: number): JudgeFacts {
  return { batchRows: 10, streamRows: 10, quarantined: 0, maxQuarantined: 0, maxMismatchRate, sampled: true };
}

describe('a comparison of a part of the keys', () => {
  it('without a difference is no pass where none is allowed', () => {
    expect(judge(sample(99_713, 0), facts(0))).toEqual({
      verdict: 'inconclusive',
      reasons: [
        '0 of 99,713 sampled keys differ: at most 0.0031% of all keys differ (95%); that none does, only a comparison of all keys can show',
      ],
    });
  });

  it('passes where the bound lies within the allowed rate, and says that it sampled', () => {
    expect(judge(sample(99_713, 3), facts(0.0001))).toEqual({
      verdict: 'pass',
      reasons: [
        '3 of 99,713 sampled keys differ (3 value_mismatch): at most 0.0078% of all keys differ (95%), within the allowed rate 0.0001',
      ],
    });
  });

  it('fails where more than is allowed differ for certain', () => {
    expect(judge(sample(99_713, 1), facts(0))).toEqual({
      verdict: 'fail',
      reasons: [
        '1 of 99,713 sampled keys differ (1 value_mismatch): at most 0.0048% of all keys differ (95%), allowed 0',
      ],
    });
    expect(judge(sample(1000, 100), facts(0.05))).toEqual({
      verdict: 'fail',
      reasons: [
        '100 of 1,000 sampled keys differ (100 value_mismatch): at least 8.4% of all keys differ (95%), rate 0.1, allowed 0.05',
      ],
    });
  });

  it('is inconclusive where it is too small to tell', () => {
    const { verdict, reasons } = judge(sample(100, 1), facts(0.02));
    expect([verdict, reasons]).toEqual([
      'inconclusive',
      [
        '1 of 100 sampled keys differ (1 value_mismatch): at most 4.7% of all keys differ (95%), allowed 0.02: a larger sample can tell',
      ],
    ]);
    expect(judge(sample(0, 0), facts(0.5)).verdict).toBe('inconclusive');
  });
});

it('the bound of a sample is that of the keys compared', () => {
  expect(sampledOf(0.01, sample(59, 0))).toEqual({
    share: 0.01,
    mismatch_rate_upper_95: expect.closeTo(0.0495, 4) as number,
  });
  expect(sampledOf(0.01, sample(0, 0)).mismatch_rate_upper_95).toBe(1);
});
