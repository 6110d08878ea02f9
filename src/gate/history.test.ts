import { describe, expect, it } from 'vitest';
import type { Evidence } from '../model/comparison.js';
import type { ComparisonSummary } from '../model/results.js';
import { comparisonsAfter, cutKey, cutsKnownAt, runOfPasses } from './history.js';

const deployed: Evidence = { batch: 'b', stream: 's', rules: 'r' };
const acceptance = { deployed, maxMismatchRate: 0, acceptFailWithinRate: false };

function summary(id: number, change: Partial<ComparisonSummary> = {}): ComparisonSummary {
  return {
    comparison_id: String(id),
    verdict: 'pass',
    cut: { '0': String(id * 10) },
    full: true,
    reused_from: null,
    finished_at: '2026-01-01T00:00:00.000Z',
    evidence: deployed,
    keys_compared: 10,
    mismatch_rate: 0,
    ...change,
  };
}

describe('cutKey', () => {
  it('is the same for equal positions only', () => {
    expect(cutKey({ '0': '5', '1': '0' })).toBe(cutKey({ '0': '5' }));
    expect(cutKey({ '10': '1', '2': '3' })).toBe(cutKey({ '2': '3', '10': '1' }));
    expect(cutKey({ '0': '5' })).not.toBe(cutKey({ '1': '5' }));
  });
});

describe('comparisonsAfter', () => {
  const history = [summary(12), summary(11), summary(9)];
  it('takes what stands before the id', () => {
    expect(comparisonsAfter(history, '11').map((c) => c.comparison_id)).toEqual(['12']);
    expect(comparisonsAfter(history, null)).toHaveLength(3);
  });
  it('compares ids as numbers when the id is not listed', () => {
    expect(comparisonsAfter(history, '10').map((c) => c.comparison_id)).toEqual(['12', '11']);
    expect(comparisonsAfter(history, 'unknown')).toEqual([]);
  });
});

describe('cutsKnownAt', () => {
  it('holds the cuts that the same code had been compared at', () => {
    const history = [summary(3), summary(2), summary(1, { evidence: { ...deployed, stream: 'old' } })];
    expect(cutsKnownAt(history, '2', deployed)).toEqual(new Set([cutKey({ '0': '20' })]));
    expect(cutsKnownAt(history, null, deployed).size).toBe(0);
  });
});

describe('runOfPasses', () => {
  it('counts passes at distinct cuts', () => {
    const history = [
      summary(4, { cut: { '0': '30' } }),
      summary(3),
      summary(2, { reused_from: '1', cut: { '0': '10' } }),
      summary(1),
    ];
    expect(runOfPasses(history, acceptance)).toMatchObject({ passes: 2, repeated: 2, endedBy: null });
  });
  it.each([
    ['a failure', { verdict: 'fail', mismatch_rate: 0.1 }, 'was fail'],
    ['an inconclusive one', { verdict: 'inconclusive' }, 'was inconclusive'],
    ['an error', { verdict: 'error' }, 'was error'],
    ['other code', { evidence: { ...deployed, rules: 'x' } }, 'was made by other code'],
    ['a rate that is no longer allowed', { mismatch_rate: 0.1 }, 'had a mismatch rate of 0.1, above 0'],
    ['nothing compared', { keys_compared: 0 }, 'compared no keys'],
    ['a rate that is not a number', { mismatch_rate: Number.NaN }, 'had a mismatch rate of NaN, above 0'],
  ] as const)('ends at %s', (_, change, why) => {
    expect(runOfPasses([summary(3), summary(2, change), summary(1)], acceptance)).toMatchObject({
      passes: 1,
      endedBy: { comparison_id: '2', why },
    });
  });
});
