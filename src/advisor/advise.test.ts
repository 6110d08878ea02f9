import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { APPROACHES, CONSUMERS, ERROR_COSTS, FACTORS, QUESTION_KEYS, TIERS } from '../model/advice-request.js';
import type { AdviceRequest } from '../model/advice-request.js';
import { advise } from './advise.js';

const amount = fc.oneof(fc.constantFrom(0, 0.01, 1e-9, 1e15), fc.double({ min: 0, max: 1e15, noNaN: true }));
const times = fc.oneof(fc.constantFrom(0, 1e6), fc.double({ min: 0, max: 100, noNaN: true }));
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });

const requests: fc.Arbitrary<AdviceRequest> = fc.record({
  use_case: fc.record({
    latency_requirement: fc.constantFrom(...TIERS, '5m', '99ms', '100ms', '40m'),
    description: maybe(fc.constantFrom('a dashboard', 'a job')),
    events_per_second: maybe(amount),
    peak_multiplier: maybe(fc.double({ min: 1, max: 1e6, noNaN: true })),
    requires_historical_context: maybe(fc.boolean()),
    requires_ordering: maybe(fc.boolean()),
    requires_exactly_once: maybe(fc.boolean()),
    revenue_impact_per_minute_delay: maybe(amount),
    cost_of_error: maybe(fc.constantFrom(...ERROR_COSTS)),
    consumer: maybe(fc.constantFrom(...CONSUMERS)),
  }),
  volume: maybe(fc.record({ events_per_day: maybe(fc.oneof(fc.constantFrom(0, 1e15, 1e18), amount)) })),
  baseline_monthly_compute: maybe(amount),
  approaches: maybe(fc.uniqueArray(fc.constantFrom(...APPROACHES), { minLength: 1 })),
  rates: maybe(fc.record({ hourly: maybe(amount), storage_share: maybe(times), development_days: maybe(times) })),
  figures: maybe(
    fc.record({
      near_real_time: maybe(
        fc.record({ monthly_compute: maybe(amount), multipliers: maybe(fc.record({ on_call: maybe(times) })) }),
      ),
      batch_simple: maybe(fc.record({ development_days: maybe(times), monthly_compute: maybe(amount) })),
    }),
  ),
  break_even: maybe(
    fc.record({
      batch: maybe(fc.constantFrom(...APPROACHES)),
      streaming: maybe(fc.constantFrom(...APPROACHES)),
      revenue_per_minute: maybe(amount),
      batch_latency_minutes: maybe(amount),
      streaming_latency_minutes: maybe(amount),
      runs_per_month: maybe(fc.oneof(fc.constantFrom(1e15, 1e-300), fc.double({ min: 1, max: 1e5, noNaN: true }))),
    }),
  ),
  factors: maybe(
    fc.record({ team: maybe(fc.constantFrom('streaming', 'batch')), processing: maybe(fc.constant('complex')) }),
  ),
});

/** Every number in a value, whatever is around it. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

describe('advice', () => {
  it('holds finite numbers only, and all of its parts, whatever is asked', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const advice = advise(request);
        expect(numbersIn(advice).every(Number.isFinite)).toBe(true);
        expect(Object.keys(advice.costs)).toEqual(request.approaches ?? [...APPROACHES]);
        expect(advice.matrix.factors.map(({ name }) => name)).toEqual([...FACTORS]);
        expect(advice.matrix.factors.every(({ reason }) => reason !== '')).toBe(true);
        expect(Math.abs(advice.matrix.score)).toBeLessThanOrEqual(1);
        expect(advice.requirement.questions).toHaveLength(QUESTION_KEYS.length);
        expect(advice.requirement.changed).toBe(advice.requirement.stated !== advice.requirement.recommended);
        const { payback_months: months, monthly_net_benefit: net, recommended } = advice.break_even;
        expect(months === null).toBe(net <= 0);
        expect(recommended).toBe(months !== null && months < 12);
      }),
      { numRuns: 500 },
    );
  });

  it('names every figure with its source; what is stated goes before what was measured', () => {
    const measured = {
      pipeline: 'orders',
      figures: [
        { name: 'volume.events_per_day', value: 5_000_000, unit: 'events a day', detail: 'counted' },
        { name: 'break_even.batch_latency_minutes', value: 15, unit: 'minutes', detail: 'timed' },
      ],
      missing: [],
    };
    const request = { use_case: { latency_requirement: 'batch' }, break_even: { batch_latency_minutes: 90 } } as const;
    const advice = advise(request, measured);
    const source = new Map(advice.assumptions.map((one) => [one.name, [one.value, one.source, one.detail]]));
    expect(source.get('volume.events_per_day')).toEqual([5_000_000, 'measured', 'counted']);
    expect(source.get('break_even.batch_latency_minutes')).toEqual([90, 'stated', 'measured: 15']);
    expect(source.get('break_even.streaming_latency_minutes')).toEqual([1, 'default', null]);
    expect(advice.name).toBe('orders');
    // A rate that is stated goes before a measured one, too.
    const stated = advise({ use_case: { latency_requirement: 'batch', events_per_second: 10 } }, measured);
    expect(stated.volume.events_per_day).toBe(864_000);
  });

  it("puts the user's own figures in the place of multipliers", () => {
    const { costs } = advise({
      use_case: { latency_requirement: 'batch' },
      volume: { events_per_day: 99e6 },
      figures: { near_real_time: { monthly_compute: 1234.56, on_call_hours: 0, multipliers: { engineering: 2 } } },
    });
    // Storage and network still follow from multipliers and volume: 0.3 x 1,000 x 2 x 2 and 0.1 x 1,000 x 2.
    expect(costs.near_real_time?.monthly_infrastructure).toBe(1234.56 + 1200 + 200);
    // 20 x 2 + 0 + 5 x 2.5 = 52.5 hours
    expect(costs.near_real_time?.monthly_operational).toBe(52.5 * 150);
  });

  it('says what is odd about the figures', () => {
    const notes = (request: Partial<AdviceRequest>) =>
      advise({ use_case: { latency_requirement: 'batch' }, ...request }).notes.join('\n');
    expect(notes({ volume: { events_per_day: 0 } })).toContain('No events');
    expect(notes({ volume: { events_per_day: 1e15 } })).toContain('check that number');
    expect(notes({ break_even: { batch_latency_minutes: 1440, revenue_per_minute: 1 } })).toMatch(
      /more minutes than a month has .* to 30\./,
    );
    expect(notes({ break_even: { batch_latency_minutes: 1 } })).toContain('saves no minutes');
    expect(
      notes({ use_case: { latency_requirement: 'batch', events_per_second: 5 }, volume: { events_per_day: 1 } }),
    ).toContain('432,000 a day, not 1');
    expect(
      notes({ use_case: { latency_requirement: 'batch', description: 'Dashboard', consumer: 'automated' } }),
    ).toContain('dashboard');
    expect(notes({})).toContain('No volume was stated');
    expect(notes({ volume: { events_per_day: 1 }, break_even: { revenue_per_minute: 1 } })).toBe('');
  });
});
