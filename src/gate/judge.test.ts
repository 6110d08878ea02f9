import { describe, expect, it } from 'vitest';
import type { DiffCounts } from '../model/comparison.js';
import { judge, type JudgeFacts } from './judge.js';

function counts(change: Partial<DiffCounts> = {}): DiffCounts {
  return {
    batch_rows: 100,
    stream_rows: 100,
    keys_compared: 100,
    matched: 100,
    tolerated: 0,
    missing_in_stream: 0,
    missing_in_batch: 0,
    value_mismatch: 0,
    duplicate_key: 0,
    null_key: 0,
    in_flux: 0,
    mismatch_rate: 0,
    ...change,
  };
}

const facts: JudgeFacts = { batchRows: 100, streamRows: 100, quarantined: 0, maxQuarantined: 0, maxMismatchRate: 0 };

describe('judge', () => {
  it('passes when every key agrees, tolerated ones included', () => {
    expect(judge(counts(), facts)).toEqual({ verdict: 'pass', reasons: [] });
    expect(judge(counts({ matched: 90, tolerated: 10 }), facts).verdict).toBe('pass');
  });

  it('fails with the numbers of each kind', () => {
    const result = judge(counts({ matched: 95, missing_in_stream: 3, value_mismatch: 2 }), facts);
    expect(result.verdict).toBe('fail');
    expect(result.reasons).toEqual([
      '5 of 100 keys differ (3 missing_in_stream, 2 value_mismatch): rate 0.05, allowed 0',
    ]);
  });

  it('counts rows without a key', () => {
    expect(judge(counts({ null_key: 1 }), facts)).toEqual({
      verdict: 'fail',
      reasons: ['1 of 101 keys differ (1 null_key): rate 0.009901, allowed 0'],
    });
  });

  it('passes at the allowed rate and says so, fails just above', () => {
    const at = judge(counts({ matched: 99, duplicate_key: 1 }), { ...facts, maxMismatchRate: 0.01 });
    expect(at.verdict).toBe('pass');
    expect(at.reasons[0]).toContain('within the allowed rate 0.01');
    expect(judge(counts({ matched: 98, duplicate_key: 2 }), { ...facts, maxMismatchRate: 0.01 }).verdict).toBe('fail');
  });

  it('never trusts a rate that the counts contradict', () => {
    expect(judge(counts({ matched: 99, value_mismatch: 1, mismatch_rate: 0 }), facts).verdict).toBe('fail');
  });

  it.each([
    ['both', { keys_compared: 0, matched: 0 }, { batchRows: 0, streamRows: 0 }, 'both sides are empty'],
    ['batch', { matched: 0, missing_in_batch: 100 }, { batchRows: 0 }, 'the batch side is empty'],
    ['stream', { matched: 0, missing_in_stream: 100 }, { streamRows: 0 }, 'the stream side is empty'],
    ['no keys', { keys_compared: 0, matched: 0 }, {}, 'no key was compared'],
  ])('is inconclusive on an empty side: %s', (_, change, sides, reason) => {
    for (const maxMismatchRate of [0, 1]) {
      const result = judge(counts(change), { ...facts, ...sides, maxMismatchRate });
      expect(result.verdict).toBe('inconclusive');
      expect(result.reasons.join()).toContain(reason);
    }
  });

  it('is inconclusive past the limit of quarantined events, and fail beats it', () => {
    expect(judge(counts(), { ...facts, quarantined: 3, maxQuarantined: 3 }).verdict).toBe('pass');
    const limit = { ...facts, quarantined: 4, maxQuarantined: 3 };
    expect(judge(counts(), limit)).toEqual({
      verdict: 'inconclusive',
      reasons: ['4 events are quarantined, 3 are allowed'],
    });
    const both = judge(counts({ matched: 99, value_mismatch: 1 }), limit);
    expect(both.verdict).toBe('fail');
    expect(both.reasons).toHaveLength(2);
  });

  it('is inconclusive while keys in flux could exceed the allowed rate', () => {
    expect(judge(counts({ in_flux: 1 }), facts).verdict).toBe('inconclusive');
    expect(judge(counts({ matched: 99, in_flux: 1 }), facts).verdict).toBe('inconclusive');
    expect(judge(counts({ in_flux: 1 }), { ...facts, maxMismatchRate: 0.01 }).verdict).toBe('pass');
  });

  it('is an error when the counts do not account for each key', () => {
    expect(judge(counts({ matched: 99 }), facts)).toEqual({
      verdict: 'error',
      reasons: ['the counts do not add up: 99 keys accounted for, 100 compared'],
    });
    expect(judge(counts({ matched: Number.NaN }), facts).verdict).toBe('error');
    expect(judge(counts({ matched: 101, missing_in_batch: -1 }), facts).verdict).toBe('error');
  });
});
