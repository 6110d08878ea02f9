import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TIERS } from '../model/advice-request.js';
import type { UseCase } from '../model/advice-request.js';
import { costDifference, payback, revenueAtLimit } from './break-even.js';
import type { Difference } from './break-even.js';
import { costOf, volumeFactor } from './costs.js';
import { RATES } from './defaults.js';
import { favouredBy, scoreOf } from './matrix.js';
import { cents } from './money.js';
import { analyseRequirement } from './requirement.js';
import { overTime, sensitivity } from './sensitivity.js';
import { isFaster, rankOf, readRequirement, tierOf } from './tiers.js';

describe('tiers', () => {
  it('are ordered by rank, not by name', () => {
    expect(TIERS.map(rankOf)).toEqual([0, 1, 2, 3, 4]);
    expect(isFaster('real_time', 'batch')).toBe(true);
    expect(isFaster('batch', 'micro_batch')).toBe(false);
  });

  it.each([
    [0, 'real_time'],
    [99, 'real_time'],
    [100, 'near_real_time'], // the gap up to 1 s belongs to the slower tier
    [30_000, 'near_real_time'],
    [30_001, 'micro_batch'],
    [900_000, 'micro_batch'],
    [900_001, 'mini_batch'],
    [4 * 3_600_000, 'mini_batch'],
    [4 * 3_600_000 + 1, 'batch'],
    [7 * 86_400_000, 'batch'],
  ] as const)('%i ms is %s', (ms, tier) => {
    expect(tierOf(ms)).toBe(tier);
  });

  it('are read by name or as a duration', () => {
    expect(readRequirement(' mini_batch ')).toEqual({ tier: 'mini_batch', latency: null });
    expect(readRequirement('5m')).toEqual({ tier: 'micro_batch', latency: 300_000 });
    expect(readRequirement('soon')).toBeUndefined();
  });
});

describe('the requirement', () => {
  const analyse = (useCase: UseCase, impact: number) => analyseRequirement(useCase, { impact, currency: 'USD' });
  const of = (latency_requirement: string, more: Partial<UseCase>, impact: number) =>
    analyse({ latency_requirement, ...more }, impact).recommended;

  it('of a human is relaxed below 100 a minute', () => {
    for (const stated of ['real_time', 'near_real_time']) {
      expect(of(stated, { consumer: 'human' }, 99.99)).toBe('micro_batch');
      expect(of(stated, { consumer: 'human' }, 100)).toBe(stated);
      expect(of(stated, { consumer: 'automated' }, 0)).toBe(stated);
      expect(of(stated, {}, 0)).toBe(stated);
      expect(of(stated, { description: 'The sales DASHBOARD' }, 0)).toBe('micro_batch');
      expect(of(stated, { description: 'dashboard', consumer: 'automated' }, 0)).toBe(stated);
    }
  });

  it('of batch is upgraded above 1,000 a minute, and further where an error is critical', () => {
    for (const stated of ['batch', 'mini_batch']) {
      expect(of(stated, {}, 1000)).toBe(stated);
      expect(of(stated, {}, 1000.01)).toBe('micro_batch');
      expect(of(stated, { cost_of_error: 'critical' }, 0)).toBe('near_real_time');
      expect(of(stated, { cost_of_error: 'critical' }, 5000)).toBe('near_real_time');
      expect(of(stated, { cost_of_error: 'high' }, 0)).toBe(stated);
    }
    expect(analyse({ latency_requirement: 'batch', cost_of_error: 'critical' }, 5000).rationale).toMatch(
      /^Consider upgrading batch .* to near_real_time .*critical.*5,000\.00 USD, more than 1,000\.00 USD\.$/,
    );
  });

  it('of micro_batch stays', () => {
    expect(of('micro_batch', { consumer: 'human', cost_of_error: 'critical' }, 1e6)).toBe('micro_batch');
  });

  it('as a duration says for which tier it was taken', () => {
    const one = analyse({ latency_requirement: '40m' }, 0);
    expect(one).toMatchObject({ stated: 'mini_batch', stated_as: '40m' });
    expect(one.rationale).toContain('40m, which is mini_batch (1-4 h)');
  });
});

describe('costs', () => {
  it('grow with the logarithm of the volume, from 9 million a day', () => {
    expect([0, 1e6, 9e6].map(volumeFactor)).toEqual([1, 1, 1]);
    expect(volumeFactor(99e6)).toBe(2);
    expect(volumeFactor(1e15)).toBeCloseTo(9, 8);
  });
});

describe('amounts', () => {
  it('are rounded half away from zero, and noise is no half', () => {
    expect([1.005, 2.675, 0.145, -1.005, 1.0049, 1e14 + 0.01].map(cents)).toEqual([
      1.01,
      2.68,
      0.15,
      -1.01,
      1,
      1e14 + 0.01,
    ]);
    // 1,000.05 x 0.1 is 100.005
    expect(cents(0.1 * 1000.05)).toBe(100.01);
    expect(Object.is(cents(-0.001), 0)).toBe(true);
  });

  it('of whole cents stay what they are', () => {
    fc.assert(
      fc.property(fc.integer({ min: -9e13, max: 9e13 }), (whole) => {
        expect(cents(whole / 100)).toBe(whole === 0 ? 0 : whole / 100);
      }),
    );
  });
});

const differences: fc.Arbitrary<Difference> = fc.record({
  monthlyCostIncrease: fc.double({ min: 1, max: 1e6, noNaN: true }),
  initialInvestmentIncrease: fc.double({ min: 1, max: 1e7, noNaN: true }),
  minutesSaved: fc.double({ min: 0.5, max: 2000, noNaN: true }),
  revenuePerMinute: fc.double({ min: 0, max: 1e5, noNaN: true }),
  runsPerMonth: fc.integer({ min: 1, max: 5000 }),
});

describe('the break-even', () => {
  const base: Difference = {
    monthlyCostIncrease: 1000,
    initialInvestmentIncrease: 12_000,
    minutesSaved: 59,
    revenuePerMinute: 0.05,
    runsPerMonth: 720,
  };

  it('is never, where nothing is gained; also where the gain is noise', () => {
    expect(payback(base)).toMatchObject({
      monthly_net_benefit: 1124,
      payback_months: 10.6761565836,
      recommended: true,
    });
    expect(payback({ ...base, revenuePerMinute: 0 })).toMatchObject({ payback_months: null, recommended: false });
    expect(payback({ ...base, revenuePerMinute: 1000 / 42_480 })).toMatchObject({
      monthly_net_benefit: 0,
      payback_months: null,
    });
  });

  it('is at once, where the stream is not dearer to build', () => {
    expect(payback({ ...base, initialInvestmentIncrease: -5 })).toMatchObject({ payback_months: 0, recommended: true });
  });

  it('of exactly 12 months is not recommended', () => {
    expect(payback({ ...base, minutesSaved: 1, revenuePerMinute: 2000, runsPerMonth: 1 })).toMatchObject({
      payback_months: 12,
      recommended: false,
    });
  });

  it('is 12 months at the revenue that is told', () => {
    fc.assert(
      fc.property(differences, (one) => {
        const revenue = revenueAtLimit(one);
        expect(revenue).not.toBeNull();
        expect(payback({ ...one, revenuePerMinute: revenue ?? 0 }).payback_months).toSatisfy(
          // Net benefits of some cents have few digits.
          (months: number | null) => months === null || Math.abs(months - 12) < 1e-3,
        );
      }),
    );
    expect(payback({ ...base, revenuePerMinute: revenueAtLimit(base) ?? 0 }).payback_months).toBeCloseTo(12, 8);
  });

  it('tells no revenue where none helps, and none where none is needed', () => {
    expect(revenueAtLimit({ ...base, minutesSaved: 0 })).toBeNull();
    expect(revenueAtLimit({ ...base, minutesSaved: -3 })).toBeNull();
    expect(revenueAtLimit({ ...base, monthlyCostIncrease: -2000 })).toBe(0);
    expect(revenueAtLimit({ ...base, monthlyCostIncrease: -2000, minutesSaved: 0 })).toBe(0);
  });

  it('over time meets where it pays back, and its sensitivity holds it at x 1', () => {
    fc.assert(
      fc.property(differences, (one) => {
        const { payback_months: months } = payback(one);
        const points = overTime(one, 60);
        const first = points.find(({ cost, value }) => value >= cost)?.month;
        if (months !== null && months < 59.9 && Math.abs(months - Math.round(months)) > 1e-6)
          expect(first).toBe(Math.ceil(months));
        if (months === null) expect(first).toBeUndefined();
        for (const row of sensitivity(one))
          if (row.figure !== 'revenue_per_minute' || one.revenuePerMinute > 0)
            expect(row.cases.find(({ times }) => times === 1)?.payback_months ?? null).toEqual(months);
      }),
    );
  });

  it('takes the difference of two costs', () => {
    const input = { baselineMonthlyCompute: 1000, volumeFactor: 1, rates: RATES };
    const [batch, stream] = [costOf('batch_simple', input), costOf('near_real_time', input)];
    // 19,325 - 5,525; 108,000 - 36,000
    expect(costDifference(batch, stream)).toEqual({ monthlyCostIncrease: 13_800, initialInvestmentIncrease: 72_000 });
  });
});

describe('the matrix', () => {
  it('weighs directions', () => {
    expect(
      scoreOf([
        { direction: 'streaming', weight: 3 },
        { direction: 'batch', weight: 1 },
      ]),
    ).toBe(0.5);
    expect(scoreOf([{ direction: 'streaming', weight: 0 }])).toBe(0);
    expect([-0.1, -0.09, 0.09, 0.1].map(favouredBy)).toEqual(['batch', 'neutral', 'neutral', 'streaming']);
  });
});
