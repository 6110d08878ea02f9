import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadAdvice } from '../config/advice.js';
import type { Approach } from '../model/advice-request.js';
import type { Advice } from '../model/advice.js';
import { advise } from './advise.js';

/**
 * The sheet: three use cases (the files of fixtures/advise, and docs/advise.md), reckoned by hand. Every line is the arithmetic and its result, to the
 * cent; nothing here is taken from the code under test.
 */
const FIXTURES = fileURLToPath(new URL('../../fixtures/advise/', import.meta.url));

async function adviceOn(name: string): Promise<Advice> {
  return advise(await loadAdvice(`${name}.yaml`, {}, FIXTURES));
}

/** Infrastructure, operations, total a month, once, first year. */
type Line = readonly [number, number, number, number, number];

function expectSheet(advice: Advice, sheet: Readonly<Partial<Record<Approach, Line>>>): void {
  expect(Object.keys(advice.costs)).toEqual(Object.keys(sheet));
  for (const [approach, line] of Object.entries(sheet) as [Approach, Line][]) {
    const one = advice.costs[approach];
    expect([
      approach,
      one?.monthly_infrastructure,
      one?.monthly_operational,
      one?.total_monthly,
      one?.initial_investment,
      one?.annual_tco,
    ]).toEqual([approach, ...line]);
  }
}

describe('fraud detection', async () => {
  const advice = await adviceOn('fraud-detection');

  it('stays real time: automated, and critical', () => {
    expect(advice.requirement).toMatchObject({ stated: 'real_time', recommended: 'real_time', changed: false });
    expect(advice.requirement.rationale).toMatch(/real_time .* is appropriate: a minute of delay costs 500\.00 USD/);
    expect(advice.requirement.warnings.map((text) => text.split(':')[0])).toEqual([
      'Historical context',
      'Ordering',
      'Exactly-once',
    ]);
  });

  it('costs what the sheet says', () => {
    // v = max(1, log10(99,000,000 / 1,000,000 + 1)) = log10(100) = 2; b = 2,500
    expect(advice.volume.factor).toBe(2);
    expectSheet(advice, {
      // 2,500 x 1 x 2 + 0.3 x 2,500 x 1 x 2 + 0.1 x 2,500 x 2 = 5,000 + 1,500 + 500
      // (20 x 1 + 10 x 0.5 + 5 x 0.5) x 150 = 27.5 x 150; (20 + 10) x 1 x 8 x 150 = 30 x 1,200; 12 x 11,125 + 36,000
      batch_simple: [7000, 4125, 11_125, 36_000, 169_500],
      // 7,500 + 1,800 + 500; (30 + 10 + 5) x 150; 45 x 1,200; 12 x 16,550 + 54,000
      batch_complex: [9800, 6750, 16_550, 54_000, 252_600],
      // 10,000 + 2,250 + 500; (40 + 15 + 7.5) x 150; 60 x 1,200; 12 x 22,125 + 72,000
      micro_batch: [12_750, 9375, 22_125, 72_000, 337_500],
      // 20,000 + 3,000 + 500; (60 + 25 + 12.5) x 150; 90 x 1,200; 12 x 38,125 + 108,000
      near_real_time: [23_500, 14_625, 38_125, 108_000, 565_500],
      // 40,000 + 4,500 + 500; (100 + 40 + 20) x 150; 150 x 1,200; 12 x 69,000 + 180,000
      real_time: [45_000, 24_000, 69_000, 180_000, 1_008_000],
    });
  });

  it('pays back within three months', () => {
    expect(advice.break_even).toMatchObject({
      monthly_cost_increase: 57_875, // 69,000 - 11,125
      monthly_latency_value: 106_200, // (60 - 1) x 2.50 x 30 x 24 = 147.50 x 720
      monthly_net_benefit: 48_325, // 106,200 - 57,875
      initial_investment_increase: 144_000, // 180,000 - 36,000
      recommended: true,
    });
    expect(advice.break_even.payback_months).toBeCloseTo(2.979824, 6); // 144,000 / 48,325
    // (144,000 / 12 + 57,875) / (59 x 720) = 69,875 / 42,480
    expect(advice.break_even.revenue_per_minute_at_12_months).toBeCloseTo(1.644892, 6);
  });

  it('is for a stream, and latency decides it', () => {
    // streaming: latency 5, volume 1, team 2, infrastructure 1, budget 2 = 11; batch: processing 2, history 2, ordering 1, exactly_once 1 = 6; all weights 18
    expect(advice.matrix.score).toBeCloseTo(5 / 18, 10);
    // Without latency: (6 - 6) / 18 = 0.
    expect(advice.matrix).toMatchObject({ favours: 'streaming', decided_by: ['latency'] });
  });
});

describe('a dashboard', async () => {
  const advice = await adviceOn('dashboard');

  it('is relaxed to micro_batch: a human reads it, and a minute costs less than 100', () => {
    expect(advice.requirement).toMatchObject({
      stated: 'near_real_time',
      recommended: 'micro_batch',
      changed: true,
      consumer: 'human',
      warnings: [],
    });
    expect(advice.requirement.rationale).toMatch(
      /^Consider relaxing near_real_time .* to micro_batch .*20\.00 USD, less than 100\.00 USD/,
    );
  });

  it('costs what the sheet says, only of the approaches asked for', () => {
    // v = log10(17,280,000 / 1,000,000 + 1) = log10(18.28) = 1.2619761914; b = 1,000
    expect(advice.volume.factor).toBeCloseTo(1.2619761914, 10);
    expectSheet(advice, {
      // 1,000 x (1 + 0.3 + 0.1) x v = 1,400 x 1.2619761914 = 1,766.766668; 27.5 x 150; 30 x 1,200; 12 x 5,891.766668 + 36,000
      batch_simple: [1766.77, 4125, 5891.77, 36_000, 106_701.2],
      // 1,000 x (2 + 0.45 + 0.1) x v = 2,550 x 1.2619761914 = 3,218.039288; 62.5 x 150; 60 x 1,200; 12 x 12,593.039288 + 72,000
      micro_batch: [3218.04, 9375, 12_593.04, 72_000, 223_116.47],
      // 1,000 x (4 + 0.6 + 0.1) x v = 4,700 x 1.2619761914 = 5,931.288100; 97.5 x 150; 90 x 1,200; 12 x 20,556.288100 + 108,000
      near_real_time: [5931.29, 14_625, 20_556.29, 108_000, 354_675.46],
    });
  });

  it('pays back within five months, as micro-batches', () => {
    expect(advice.break_even).toMatchObject({
      streaming: 'micro_batch',
      monthly_cost_increase: 6701.27, // 12,593.039288 - 5,891.766668 = 6,701.272620
      monthly_latency_value: 14_400, // (60 - 10) x 0.40 x 720
      monthly_net_benefit: 7698.73, // 14,400 - 6,701.272620 = 7,698.727380
      initial_investment_increase: 36_000, // 72,000 - 36,000
      recommended: true,
    });
    expect(advice.break_even.payback_months).toBeCloseTo(4.676098, 6); // 36,000 / 7,698.727380
    // (36,000 / 12 + 6,701.272620) / (50 x 720) = 9,701.272620 / 36,000
    expect(advice.break_even.revenue_per_minute_at_12_months).toBeCloseTo(0.26948, 6);
  });

  it('is for a stream by all that is known, though latency says neither', () => {
    // volume 1, history 2, ordering 1, exactly_once 1, infrastructure 1, budget 2 = 8 of 18
    expect(advice.matrix.score).toBeCloseTo(8 / 18, 10);
    expect(advice.matrix.factors.find(({ name }) => name === 'latency')?.direction).toBe('neutral');
  });
});

describe('a nightly warehouse load', async () => {
  const advice = await adviceOn('nightly-warehouse');

  it('stays batch: a minute costs no more than 1,000, and an error is not critical', () => {
    expect(advice.requirement).toMatchObject({ stated: 'batch', recommended: 'batch', changed: false });
    expect(advice.requirement.rationale).toMatch(/batch .* is appropriate: .*0\.05 EUR, not more than 1,000\.00 EUR/);
  });

  it('costs what the sheet says', () => {
    // v = max(1, log10(0.864 + 1)) = max(1, 0.27) = 1; b = 800
    expect(advice.volume.factor).toBe(1);
    expectSheet(advice, {
      // 800 + 240 + 80; 27.5 x 150; 30 x 1,200; 12 x 5,245 + 36,000
      batch_simple: [1120, 4125, 5245, 36_000, 98_940],
      // 1,200 + 288 + 80; 45 x 150; 45 x 1,200; 12 x 8,318 + 54,000
      batch_complex: [1568, 6750, 8318, 54_000, 153_816],
      // 1,600 + 360 + 80; 62.5 x 150; 60 x 1,200; 12 x 11,415 + 72,000
      micro_batch: [2040, 9375, 11_415, 72_000, 208_980],
      // 3,200 + 480 + 80; 97.5 x 150; 90 x 1,200; 12 x 18,385 + 108,000
      near_real_time: [3760, 14_625, 18_385, 108_000, 328_620],
      // 6,400 + 720 + 80; 160 x 150; 150 x 1,200; 12 x 31,200 + 180,000
      real_time: [7200, 24_000, 31_200, 180_000, 554_400],
    });
  });

  it('never pays back as a stream', () => {
    expect(advice.break_even).toMatchObject({
      monthly_cost_increase: 10_067, // 18,385 - 8,318
      monthly_latency_value: 2158.5, // (1,440 - 1) x 0.05 x 30
      monthly_net_benefit: -7908.5, // 2,158.50 - 10,067
      initial_investment_increase: 54_000, // 108,000 - 54,000
      payback_months: null,
      recommended: false,
    });
    // (54,000 / 12 + 10,067) / (1,439 x 30) = 14,567 / 43,170
    expect(advice.break_even.revenue_per_minute_at_12_months).toBeCloseTo(0.337433, 6);
  });

  it('is for batch', () => {
    // batch: latency 5, history 2, exactly_once 1, error_recovery 1, team 2, infrastructure 1, budget 2 = 14; streaming: volume 1, ordering 1 = 2
    expect(advice.matrix.score).toBeCloseTo(-12 / 18, 10);
    expect(advice.matrix.favours).toBe('batch');
  });
});
