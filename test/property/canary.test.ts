import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canaryBucket } from '../../src/canary/bucket.js';
import { decide } from '../../src/canary/decide.js';
import { transition } from '../../src/canary/machine.js';
import { shareOfPercent } from '../../src/canary/plan.js';
import { route } from '../../src/canary/route.js';
import { ACTIONS, decodeAudit, decodeState } from '../../src/canary/state.js';
import type { AuditEntry, CanaryAction, CanaryState } from '../../src/model/canary.js';
import type { CanaryPlan } from '../../src/model/project.js';
import type { ComparisonSummary } from '../../src/model/results.js';
import { comparison, contextFor, plan, stateIn, summary } from './canary-facts.js';

const keys = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 3 });
const shares = fc.integer({ min: 0, max: 1_000_000 });

describe('buckets', () => {
  it('spread keys evenly, whatever the salt', () => {
    const bins = 100;
    const total = 50_000;
    for (const salt of ['', 'daily_metrics', 'ü']) {
      const counts = new Array<number>(bins).fill(0);
      for (let n = 0; n < total; n += 1) {
        const bin = Math.floor(canaryBucket(salt, [String(n), 'view']) / (1_000_000 / bins));
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
      const expected = total / bins;
      const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // 99 degrees of freedom: above 161 once in 10,000 salts. The salts are fixed, so this never fails by chance.
      expect(chiSquare).toBeLessThan(161);
    }
  });

  it('stay within 0..999999 and differ between salts', () => {
    fc.assert(
      fc.property(fc.string(), keys, (salt, key) => {
        const bucket = canaryBucket(salt, key);
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket < 1_000_000).toBe(true);
        expect(canaryBucket(salt, key)).toBe(bucket);
      }),
    );
    const same = Array.from({ length: 1000 }, (_, n) => [String(n)]).filter(
      (key) => canaryBucket('a', key) === canaryBucket('b', key),
    );
    expect(same.length).toBeLessThan(5);
  });

  it('keep a key on the stream at every higher share', () => {
    fc.assert(
      fc.property(fc.string(), keys, shares, shares, (salt, key, a, b) => {
        const at = (share_ppm: number) => route(stateIn({ stage: 'canary', salt, share_ppm }), key).side;
        if (at(Math.min(a, b)) === 'stream') expect(at(Math.max(a, b))).toBe('stream');
      }),
      { numRuns: 2000 },
    );
  });
});

/** One step of a run: a comparison comes in, or somebody acts. */
type Event =
  | { readonly kind: 'comparison'; readonly verdict: 'pass' | 'fail' | 'inconclusive'; readonly reused: boolean }
  | { readonly kind: 'action'; readonly action: CanaryAction; readonly changedPlan: boolean };

const pass: Event = { kind: 'comparison', verdict: 'pass', reused: false };

const anyComparison = fc
  .tuple(fc.constantFrom<'pass' | 'fail' | 'inconclusive'>('pass', 'fail', 'inconclusive'), fc.boolean())
  .map(([verdict, reused]): Event => ({ kind: 'comparison', verdict, reused }));

const someAction = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<CanaryAction>('advance', 'start', 'approve') },
  { weight: 1, arbitrary: fc.constantFrom<CanaryAction>(...ACTIONS) },
);

const anyAction = fc
  .tuple(someAction, fc.nat(19))
  .map(([action, n]): Event => ({ kind: 'action', action, changedPlan: n === 0 }));

const events = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(pass) },
    { weight: 1, arbitrary: anyComparison },
    { weight: 6, arbitrary: anyAction },
  ),
  { minLength: 20, maxLength: 150 },
);

const changed: CanaryPlan = { ...plan, steps: [2, 100] };

describe('the state machine', () => {
  it('keeps its invariants through any sequence of comparisons and actions', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(events, (sequence) => {
        let state: CanaryState = stateIn();
        let history: ComparisonSummary[] = [];
        const audits: AuditEntry[] = [];
        for (const event of sequence) {
          if (event.kind === 'comparison') {
            const id = history.length + 1;
            const before = history[0];
            const reused =
              event.reused && before !== undefined
                ? { reused_from: before.comparison_id, cut: before.cut, verdict: before.verdict }
                : {};
            history = [
              summary(id, { verdict: event.verdict, mismatch_rate: event.verdict === 'fail' ? 0.1 : 0, ...reused }),
              ...history,
            ];
            continue;
          }
          const used = event.changedPlan ? changed : plan;
          const result = transition(state, event.action, contextFor(state, event.action, history, { plan: used }));
          if (result.kind === 'refused') continue;
          check(state, result.state, event.action, history, used);
          audits.push(result.audit);
          reached.add(result.state.stage);
          state = result.state;
        }
        expect(audits.map(({ version }) => version)).toEqual(audits.map((_, index) => index + 1));
        expect(audits.length).toBe(state.version);
        for (const [index, audit] of audits.entries()) {
          const before = audits[index - 1];
          expect([audit.from_stage, audit.from_share_ppm]).toEqual(
            before === undefined ? ['shadow', 0] : [before.to_stage, before.to_share_ppm],
          );
          expect(decodeAudit(JSON.stringify(audit))).toEqual(audit);
        }
        expect(decodeState(JSON.stringify(state))).toEqual(state);
      }),
      { numRuns: 1500 },
    );
    // Otherwise the run never got anywhere and proves nothing.
    expect([...reached].sort()).toEqual(['canary', 'complete', 'cutover', 'held', 'rolled_back', 'shadow']);
  });

  function check(
    before: CanaryState,
    after: CanaryState,
    action: CanaryAction,
    history: readonly ComparisonSummary[],
    used: CanaryPlan,
  ): void {
    expect(after.version).toBe(before.version + 1);
    if (after.share_ppm > before.share_ppm) {
      // Up: one step of the plan at a time, on a passing newest comparison, approved where asked for.
      expect(action === 'start' ? [before.share_ppm, after.step] : after.step).toEqual(
        action === 'start' ? [0, 0] : before.step + 1,
      );
      const percent = used.steps[after.step] ?? Number.NaN;
      expect(after.share_ppm).toBe(shareOfPercent(percent));
      expect(history[0]?.verdict).toBe('pass');
      if (used.approve.includes(percent)) expect(before.approvals.map(({ step }) => step)).toContain(percent);
      if (action === 'advance') expect(after.plan_hash).toBe(before.plan_hash);
    } else if (after.share_ppm < before.share_ppm) {
      expect(action).toBe('rollback');
      expect(after.share_ppm).toBe(0);
    }
    expect(after.share_ppm === 1_000_000).toBe(
      after.stage === 'cutover' || after.stage === 'complete' || after.held_from === 'cutover',
    );
    expect(after.share_ppm === 0).toBe(after.stage === 'shadow' || after.stage === 'rolled_back');
    expect(after.held_from !== null).toBe(after.stage === 'held');
    expect(after.step >= 0).toBe(after.share_ppm > 0);
    // From wherever readers are on the stream, the way back is open, with nothing known and nobody asked.
    const back = transition(after, 'rollback', contextFor(after, 'rollback', [], { plan: changed }));
    expect(back.kind === 'moved' ? back.state.share_ppm : 'refused').toBe(after.share_ppm > 0 ? 0 : 'refused');
  }

  it('with auto never moves without cause: it rolls back above the limit and only above it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<CanaryState['stage']>('shadow', 'canary', 'held', 'cutover', 'complete', 'rolled_back'),
        fc.nat(1000),
        (stage, differing) => {
          const state = stateIn({ stage, step: 0, share_ppm: 10_000, entered_comparison: '1' });
          const rate = differing / 100_000;
          const failed = comparison({
            verdict: differing === 0 ? 'pass' : 'fail',
            value_mismatch: differing,
            keys_compared: 100_000,
            mismatch_rate: rate,
          });
          const context = contextFor(state, 'advance', []);
          const decision = decide(state, plan, failed, context.gateResult, context);
          expect(decision?.action ?? null).toBe(
            ['canary', 'held', 'cutover'].includes(stage) && rate > plan.rollbackAt ? 'rollback' : null,
          );
        },
      ),
    );
  });
});
