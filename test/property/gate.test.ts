import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateGate } from '../../src/gate/evaluate.js';
import { cutKey } from '../../src/gate/history.js';
import type { GateResult } from '../../src/model/gate.js';
import type { GateConfig } from '../../src/model/project.js';
import type { ComparisonSummary } from '../../src/model/results.js';
import { worst, type Verdict } from '../../src/model/verdict.js';
import { at as nowText, deployed, summary } from './canary-facts.js';

const HOUR = 3_600_000;
const now = new Date(nowText);

describe('the gate', () => {
  const comparison = fc.record({
    verdict: fc.oneof(
      { weight: 5, arbitrary: fc.constant('pass' as const) },
      fc.constantFrom<Verdict>('fail', 'inconclusive', 'error'),
    ),
    cut: fc.oneof(fc.nat(20), fc.nat(3)).map((offset) => ({ '0': String(offset) })),
    full: fc.boolean(),
    reused: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.boolean()),
    age: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: HOUR }) },
      fc.integer({ min: -HOUR, max: 3 * HOUR }),
    ),
    other: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.boolean()),
    keys: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 100, max: 200 }) }, fc.nat(99)),
    rate: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constantFrom(0.005, 0.01, 0.5, 1, Number.NaN)),
  });
  const history = fc.array(comparison, { maxLength: 7 }).map((list) =>
    list.map((c, index) =>
      summary(list.length - index, {
        verdict: c.verdict,
        cut: c.cut,
        full: c.full,
        reused_from: c.reused ? '1' : null,
        finished_at: new Date(now.getTime() - c.age).toISOString(),
        evidence: c.other ? { ...deployed, stream: 'other' } : deployed,
        keys_compared: c.keys,
        mismatch_rate: c.rate,
      }),
    ),
  );
  const configs = fc.record({
    maxMismatchRate: fc.constantFrom(0, 0.005, 0.01),
    minKeys: fc.constantFrom(0, 1, 100, 150),
    consecutivePasses: fc.integer({ min: 0, max: 3 }),
    maxAge: fc.constantFrom(60_000, HOUR, 2 * HOUR),
  });
  const quarantined = fc.option(fc.record({ count: fc.nat(2), limit: fc.nat(2) }), { nil: undefined });

  function asked(
    h: readonly ComparisonSummary[],
    c: GateConfig,
    q: { count: number; limit: number } | undefined,
    at = now,
  ): GateResult {
    return evaluateGate({
      pipeline: 'p',
      purpose: 'advance',
      deployed,
      history: h,
      config: c,
      now: at,
      ...(q === undefined ? {} : { quarantined: q }),
    });
  }

  it('pass implies a fresh, complete, non-empty comparison by the deployed code, and every other condition', () => {
    let passed = 0;
    fc.assert(
      fc.property(history, configs, quarantined, (h, c, q) => {
        const result = asked(h, c, q);
        expect(result.verdict).toBe(worst(result.criteria.map(({ verdict }) => verdict)));
        if (result.verdict !== 'pass') return;
        passed += 1;
        const newest = h[0];
        if (newest === undefined) throw new Error('passed on nothing');
        expect(newest.evidence).toEqual(deployed);
        expect(now.getTime() - Date.parse(newest.finished_at)).toBeLessThanOrEqual(c.maxAge);
        expect(newest.mismatch_rate <= c.maxMismatchRate).toBe(true);
        expect(['pass', 'fail']).toContain(newest.verdict);
        if (newest.verdict === 'fail') expect(q !== undefined && newest.full && newest.mismatch_rate > 0).toBe(true);
        if (q !== undefined) expect(q.count).toBeLessThanOrEqual(q.limit);
        const end = h.findIndex(
          (x) =>
            x.evidence !== deployed ||
            x.keys_compared === 0 ||
            !(x.mismatch_rate <= c.maxMismatchRate) ||
            !['pass', 'fail'].includes(x.verdict),
        );
        const run = end === -1 ? h : h.slice(0, end);
        const cuts = new Set(run.filter((x) => x.reused_from === null).map((x) => cutKey(x.cut)));
        expect(cuts.size).toBeGreaterThanOrEqual(Math.max(1, c.consecutivePasses));
        const full = run.find((x) => x.full);
        expect(full?.keys_compared ?? 0).toBeGreaterThanOrEqual(Math.max(1, c.minKeys));
      }),
      { numRuns: 3000 },
    );
    // Otherwise the property says nothing.
    expect(passed).toBeGreaterThan(30);
  });

  it('is monotone: stricter limits, more age and a shorter history never turn a gate into a pass', () => {
    fc.assert(
      fc.property(history, configs, configs, quarantined, fc.nat(2 * HOUR), fc.nat(7), (h, a, b, q, later, cut) => {
        const strict: GateConfig = {
          maxMismatchRate: Math.min(a.maxMismatchRate, b.maxMismatchRate),
          minKeys: Math.max(a.minKeys, b.minKeys),
          consecutivePasses: Math.max(a.consecutivePasses, b.consecutivePasses),
          maxAge: Math.min(a.maxAge, b.maxAge),
        };
        if (asked(h, strict, q).verdict === 'pass') expect(asked(h, a, q).verdict).toBe('pass');
        if (asked(h.slice(0, cut), a, q).verdict === 'pass') expect(asked(h, a, q).verdict).toBe('pass');
        const newest = h[0];
        const past = newest !== undefined && Date.parse(newest.finished_at) <= now.getTime();
        if (past && asked(h, a, q, new Date(now.getTime() + later)).verdict === 'pass')
          expect(asked(h, a, q).verdict).toBe('pass');
      }),
      { numRuns: 3000 },
    );
  });
});
