import { describe, expect, it } from 'vitest';
import { comparison, contextFor, passes, plan, stateIn, summary } from '../../test/property/canary-facts.js';
import { STAGES, type CanaryState } from '../model/canary.js';
import type { Comparison } from '../model/comparison.js';
import type { ComparisonSummary } from '../model/results.js';
import { decide } from './decide.js';
import { dwell } from './dwell.js';
import { planHash } from './plan.js';

const auto = { ...plan, auto: true };
const running = stateIn({
  stage: 'canary',
  step: 0,
  share_ppm: 10_000,
  plan_hash: planHash(plan),
  entered_comparison: '1',
});
const failed = comparison({
  verdict: 'fail',
  matched: 95,
  value_mismatch: 5,
  mismatch_rate: 0.05,
  columns: {
    a: { mismatched: 1, tolerated: 0, max_abs_difference: null },
    b: { mismatched: 5, tolerated: 0, max_abs_difference: '2' },
    c: { mismatched: 0, tolerated: 9, max_abs_difference: '0.1' },
  },
});

function decided(
  state: CanaryState,
  newest: Comparison,
  history: readonly ComparisonSummary[] = passes(9),
  used = auto,
) {
  const context = contextFor(state, 'advance', history, { plan: used });
  return decide(state, used, newest, context.gateResult, context);
}

describe('decide', () => {
  it('rolls back where readers are on the stream, with or without auto', () => {
    for (const stage of STAGES) {
      const expected = stage === 'canary' || stage === 'held' || stage === 'cutover';
      expect(decided({ ...running, stage }, failed, passes(9), plan)?.action === 'rollback').toBe(expected);
    }
  });
  it('states the numbers and the worst columns', () => {
    expect(decided(running, failed)?.reason).toBe(
      'comparison 9 at 1%: 5 of 100 keys differ, rate 0.05 is above rollback_at 0.001; worst columns: b in 5, a in 1',
    );
  });
  it('does not roll back at the limit, or on what is not a failure', () => {
    expect(decided(running, { ...failed, mismatch_rate: 0.001 }, [])).toBeNull();
    expect(decided(running, { ...failed, verdict: 'inconclusive' }, [])).toBeNull();
    expect(decided(running, { ...failed, verdict: 'error' }, [])).toBeNull();
  });
  it('rolls back when the stream side is empty, not when batch is', () => {
    const empty = comparison({
      verdict: 'inconclusive',
      stream_rows: 0,
      matched: 0,
      missing_in_stream: 100,
      mismatch_rate: 1,
    });
    expect(decided(running, empty, [])?.reason).toContain('the stream side is empty, 100 of 100 keys differ');
    const noBatch = comparison({
      verdict: 'inconclusive',
      batch_rows: 0,
      matched: 0,
      missing_in_batch: 100,
      mismatch_rate: 1,
    });
    expect(decided(running, noBatch, [])).toBeNull();
  });
  it('advances by itself only with auto, gate, dwell and approvals', () => {
    expect(decided(running, comparison())?.action).toBe('advance');
    expect(decided(running, comparison(), passes(9), plan)).toBeNull();
    expect(decided(running, comparison(), passes(2))).toBeNull();
    expect(decided(running, comparison(), [summary(10, { verdict: 'inconclusive' }), ...passes(9)])).toBeNull();
    expect(decided({ ...running, step: 1, share_ppm: 50_000 }, comparison())).toBeNull();
  });
  it.each(['shadow', 'held', 'cutover', 'complete', 'rolled_back'] as const)('never moves on from %s', (stage) => {
    expect(decided({ ...running, stage }, comparison())).toBeNull();
  });
});

describe('dwell', () => {
  it('counts passes by the deployed code at new cuts since the step was entered', () => {
    const { gate, deployed } = contextFor(running, 'advance', []);
    const history = [
      summary(8, { verdict: 'fail', mismatch_rate: 0.1 }),
      summary(7),
      summary(6, { evidence: { ...deployed, stream: 'x' } }),
      summary(5, { reused_from: '4', cut: { '0': '40' } }),
      summary(4),
      summary(3, { cut: { '0': '10' } }),
      summary(2, { verdict: 'inconclusive' }),
      summary(1),
    ];
    expect(dwell(running, plan, { history, deployed, gate })).toEqual({ completed: 2, required: 2 });
  });
});
