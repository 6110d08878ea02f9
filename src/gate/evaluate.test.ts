import { describe, expect, it } from 'vitest';
import type { CanaryState } from '../model/canary.js';
import type { Evidence } from '../model/comparison.js';
import type { GateResult } from '../model/gate.js';
import type { GateConfig } from '../model/project.js';
import type { ComparisonSummary } from '../model/results.js';
import type { Verdict } from '../model/verdict.js';
import { evaluateGate, type GateInput } from './evaluate.js';

const HOUR = 3_600_000;
const now = new Date('2026-03-01T12:00:00.000Z');
const deployed: Evidence = { batch: 'b', stream: 's', rules: 'r' };
const config: GateConfig = { maxMismatchRate: 0, minKeys: 100, consecutivePasses: 3, maxAge: HOUR };

function summary(id: number, change: Partial<ComparisonSummary> = {}): ComparisonSummary {
  return {
    comparison_id: String(id),
    verdict: 'pass',
    cut: { '0': String(id * 10) },
    full: true,
    reused_from: null,
    finished_at: new Date(now.getTime() - 60_000).toISOString(),
    evidence: deployed,
    keys_compared: 100,
    mismatch_rate: 0,
    ...change,
  };
}

const three = [summary(3), summary(2), summary(1)];

function gate(change: Partial<GateInput> = {}): GateResult {
  return evaluateGate({ pipeline: 'p', purpose: 'advance', config, deployed, history: three, now, ...change });
}

function criterion(result: GateResult, name: string) {
  const found = result.criteria.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no criterion ${name}`);
  return found;
}

describe('evaluateGate', () => {
  it('passes, and lists every criterion', () => {
    const result = gate({ quarantined: { count: 0, limit: 0 } });
    expect(result).toMatchObject({
      schema: 'cutover.gate/v1',
      pipeline: 'p',
      for: 'advance',
      verdict: 'pass',
      reasons: [],
      comparison_id: '3',
      evidence: deployed,
    });
    expect(result.criteria.map(({ name }) => name)).toEqual([
      'comparison_exists',
      'complete',
      'same_code',
      'fresh',
      'min_keys',
      'verdict',
      'max_mismatch_rate',
      'consecutive_passes',
      'max_quarantined',
    ]);
  });

  it('is inconclusive without a comparison', () => {
    const result = gate({ history: [] });
    expect(result.verdict).toBe('inconclusive');
    expect(result.comparison_id).toBeNull();
    expect(result.criteria.every(({ verdict }) => verdict === 'inconclusive')).toBe(true);
  });

  it.each<[string, Partial<ComparisonSummary>, Verdict, string, string]>([
    [
      'other code',
      { evidence: { ...deployed, stream: 'x' } },
      'inconclusive',
      'same_code',
      'made by other code than is deployed now: stream job changed',
    ],
    [
      'old',
      { finished_at: new Date(now.getTime() - HOUR - 1).toISOString() },
      'inconclusive',
      'fresh',
      'at most 1h is allowed',
    ],
    [
      'from the future',
      { finished_at: new Date(now.getTime() + HOUR).toISOString() },
      'inconclusive',
      'fresh',
      '1h in the future',
    ],
    ['without a time', { finished_at: 'never' }, 'inconclusive', 'fresh', 'no readable time'],
    ['too few keys', { keys_compared: 99 }, 'inconclusive', 'min_keys', 'has 99 keys, at least 100 are required'],
    ['nothing compared', { keys_compared: 0 }, 'inconclusive', 'max_mismatch_rate', 'compared no keys'],
    [
      'failed',
      { verdict: 'fail', mismatch_rate: 0.25 },
      'fail',
      'max_mismatch_rate',
      'rate of 0.25, at most 0 is allowed',
    ],
    ['inconclusive', { verdict: 'inconclusive' }, 'inconclusive', 'verdict', 'comparison 3 is inconclusive'],
    ['error', { verdict: 'error' }, 'error', 'verdict', 'comparison 3 is error'],
  ])('newest comparison %s', (_, change, verdict, name, reason) => {
    const result = gate({ history: [summary(3, change), ...three.slice(1)] });
    expect(result.verdict).toBe(verdict);
    expect(criterion(result, name).verdict).not.toBe('pass');
    expect(result.reasons.join('\n')).toContain(reason);
  });

  it('does not blame the deployed code for a failure of other code', () => {
    const failed = summary(3, { verdict: 'fail', mismatch_rate: 0.5, evidence: { ...deployed, batch: 'x' } });
    expect(gate({ history: [failed] }).verdict).toBe('inconclusive');
  });

  it('counts a reused result as fresh but not as evidence', () => {
    const old = new Date(now.getTime() - 5 * HOUR).toISOString();
    const reused = summary(4, { reused_from: '3', cut: { '0': '30' } });
    const earlier = three.map((comparison) => ({ ...comparison, finished_at: old }));
    expect(gate({ history: [reused, ...earlier] }).verdict).toBe('pass');
    const two = gate({ history: [reused, ...earlier.slice(0, 2)] });
    expect(criterion(two, 'consecutive_passes')).toMatchObject({ verdict: 'inconclusive', observed: 2, required: 3 });
    expect(two.reasons).toEqual([
      '2 of 3 consecutive passes at distinct cuts; 1 more is no new evidence: the log stood still (a reused result, or the same cut again)',
    ]);
  });

  it('names the comparison that ended the run', () => {
    const result = gate({
      history: [summary(4), summary(3), summary(2, { verdict: 'fail', mismatch_rate: 0.1 }), summary(1)],
    });
    expect(result.verdict).toBe('inconclusive');
    expect(result.reasons).toEqual(['2 of 3 consecutive passes at distinct cuts; before them comparison 2 was fail']);
  });

  describe('with an allowed rate', () => {
    const loose = { ...config, maxMismatchRate: 0.01 };
    const failed = three.map((comparison) => ({ ...comparison, verdict: 'fail' as const, mismatch_rate: 0.01 }));
    it('passes what passed within it, and says so', () => {
      const result = gate({ config: loose, history: three.map((c) => ({ ...c, mismatch_rate: 0.01 })) });
      expect(result.verdict).toBe('pass');
      expect(result.reasons).toEqual(['comparison 3 has a mismatch rate of 0.01, within the allowed rate 0.01']);
    });
    it('accepts a failure within it only when nothing else can hide behind the failure', () => {
      const result = gate({ config: loose, history: failed, quarantined: { count: 0, limit: 0 } });
      expect(result.verdict).toBe('pass');
      expect(result.reasons.join()).toContain('within the allowed rate');
      expect(gate({ config: loose, history: failed }).verdict).toBe('fail');
      expect(gate({ config: loose, history: failed, quarantined: { count: 1, limit: 0 } }).verdict).toBe('fail');
    });
    it.each([
      ['in which nothing agreed', { mismatch_rate: 1 }],
      ['for something else than differences', { mismatch_rate: 0 }],
      ['that may be due to keys outside its scope', { mismatch_rate: 0.01, full: false }],
    ])('never accepts a failure %s', (_, change) => {
      const history = three.map((c) => ({ ...c, verdict: 'fail' as const, ...change }));
      expect(
        gate({ config: { ...config, maxMismatchRate: 1 }, history, quarantined: { count: 0, limit: 0 } }).verdict,
      ).toBe('fail');
    });
    it('refuses what passed under a limit that was wider then', () => {
      expect(gate({ history: three.map((c) => ({ ...c, mismatch_rate: 0.01 })) }).verdict).toBe('fail');
    });
  });

  describe('partial comparisons', () => {
    const partial = (id: number, change: Partial<ComparisonSummary> = {}) =>
      summary(id, { full: false, keys_compared: 2, ...change });
    it('build on a full one through an unbroken run, whose keys count', () => {
      const result = gate({
        history: [partial(4), partial(3), summary(2), summary(1, { verdict: 'fail', mismatch_rate: 1 })],
      });
      expect(result.verdict).toBe('pass');
      expect(criterion(result, 'complete').observed).toBe('partial, after full comparison 2');
      expect(criterion(result, 'min_keys').observed).toBe(100);
    });
    it('prove nothing without one', () => {
      expect(criterion(gate({ history: [partial(3), partial(2), partial(1)] }), 'complete').verdict).toBe(
        'inconclusive',
      );
      const broken = gate({ history: [partial(4), partial(3, { verdict: 'inconclusive' }), summary(2), summary(1)] });
      expect(criterion(broken, 'complete').verdict).toBe('inconclusive');
    });
    it('may be bounded by the age of the full one', () => {
      const history = [
        partial(4),
        partial(3),
        summary(2, { finished_at: new Date(now.getTime() - 3 * HOUR).toISOString() }),
      ];
      expect(gate({ history, maxFullAge: 3 * HOUR }).verdict).toBe('pass');
      expect(gate({ history, maxFullAge: 2 * HOUR }).verdict).toBe('inconclusive');
    });
  });

  describe('for decommission', () => {
    const canary: CanaryState = {
      pipeline: 'p',
      version: 7,
      stage: 'cutover',
      step: 5,
      share_ppm: 1_000_000,
      plan_hash: 'h',
      salt: 's',
      approvals: [],
      held_from: null,
      entered_comparison: '3',
      entered_at: '2026-03-01T00:00:00.000Z',
      reason: null,
    };
    const since = [summary(6), summary(5), summary(4), ...three];
    it('counts only what was compared while the stream was primary', () => {
      expect(gate({ purpose: 'decommission', canary, history: since }).verdict).toBe('pass');
      const early = gate({ purpose: 'decommission', canary, history: since.slice(1) });
      expect(criterion(early, 'consecutive_passes')).toMatchObject({ observed: 2, verdict: 'inconclusive' });
    });
    it('does not count the cut at which the stage was entered again', () => {
      const again = [summary(6), summary(5), summary(4, { cut: { '0': '30' } }), ...three];
      expect(criterion(gate({ purpose: 'decommission', canary, history: again }), 'consecutive_passes').observed).toBe(
        2,
      );
    });
    it.each(['shadow', 'canary', 'held', 'rolled_back', 'complete'] as const)(
      'is inconclusive in stage %s',
      (stage) => {
        expect(gate({ purpose: 'decommission', canary: { ...canary, stage }, history: since }).verdict).toBe(
          'inconclusive',
        );
      },
    );
    it('is inconclusive without a canary', () => {
      expect(gate({ purpose: 'decommission', history: since }).verdict).toBe('inconclusive');
    });
  });
});
