import { APPROACHES } from '../model/advice-request.js';
import type { AdviceRequest, Approach } from '../model/advice-request.js';
import type { ApproachCost, BreakEven, Requirement } from '../model/advice.js';
import { costDifference, latencyValue, payback, revenueAtLimit } from './break-even.js';
import type { Difference } from './break-even.js';
import { BATCH_LATENCY_MINUTES, RUNS_PER_MONTH, STREAMING_LATENCY_MINUTES } from './defaults.js';
import type { Figures } from './figures.js';
import { cents, clean, moneyText, numberText } from './money.js';
import { overTime, sensitivity } from './sensitivity.js';

const STREAMING: readonly Approach[] = ['near_real_time', 'micro_batch', 'real_time'];
const LEAST_MONTHS = 12;
const USUAL_MONTHS = 24;
const MOST_MONTHS = 60;

/** Which approaches are held against each other: as stated; else the recommended one of those that are looked at, against the simplest batch job. */
export function pairOf(
  request: AdviceRequest,
  recommended: Requirement['recommended'],
): { readonly batch: Approach; readonly streaming: Approach } {
  const approaches = request.approaches ?? APPROACHES;
  const given = request.break_even ?? {};
  const streams = STREAMING.filter((one) => approaches.includes(one));
  return {
    batch:
      given.batch ??
      (approaches.includes('batch_simple') || !approaches.includes('batch_complex') ? 'batch_simple' : 'batch_complex'),
    streaming: given.streaming ?? streams.find((one) => one === recommended) ?? streams[0] ?? 'near_real_time',
  };
}

interface Weighed {
  readonly pair: { readonly batch: Approach; readonly streaming: Approach };
  readonly costOf: (approach: Approach) => ApproachCost;
  readonly revenuePerMinute: number;
  readonly currency: string;
}

/** The break-even of a stream against a batch job, from the figures of a request. */
export function breakEvenOf(request: AdviceRequest, figures: Figures, weighed: Weighed): BreakEven {
  const { pair, costOf, revenuePerMinute, currency } = weighed;
  const given = request.break_even ?? {};
  const minutes = (side: 'batch' | 'streaming', stated: number | undefined, fallback: number): number =>
    figures.take({ name: `break_even.${side}_latency_minutes`, unit: 'minutes', stated, fallback }).value;
  const batchMinutes = minutes('batch', given.batch_latency_minutes, BATCH_LATENCY_MINUTES);
  const streamingMinutes = minutes('streaming', given.streaming_latency_minutes, STREAMING_LATENCY_MINUTES);
  const runs = figures.take({
    name: 'break_even.runs_per_month',
    unit: 'runs',
    stated: given.runs_per_month,
    fallback: RUNS_PER_MONTH,
  });
  const difference: Difference = {
    ...costDifference(costOf(pair.batch), costOf(pair.streaming)),
    minutesSaved: clean(batchMinutes - streamingMinutes),
    revenuePerMinute,
    runsPerMonth: runs.value,
  };
  const paid = payback(difference);
  const months =
    paid.payback_months === null
      ? USUAL_MONTHS
      : Math.min(MOST_MONTHS, Math.max(LEAST_MONTHS, Math.ceil(paid.payback_months * 1.5)));
  const value = latencyValue(difference);
  const limit = revenueAtLimit(difference);
  return {
    ...pair,
    minutes_saved: difference.minutesSaved,
    revenue_per_minute: revenuePerMinute,
    runs_per_month: runs.value,
    monthly_cost_increase: cents(difference.monthlyCostIncrease),
    monthly_latency_value: cents(value),
    ...paid,
    initial_investment_increase: cents(difference.initialInvestmentIncrease),
    revenue_per_minute_at_12_months: limit === null ? null : clean(limit),
    explanation:
      `${numberText(difference.minutesSaved)} minutes earlier x ${moneyText(revenuePerMinute, currency)} a minute x ${numberText(runs.value)} times a month` +
      `${runs.value === RUNS_PER_MONTH ? ' (30 days x 24 hours: one delay an hour)' : ''} = ${moneyText(value, currency)} a month`,
    sensitivity: sensitivity(difference),
    over_time: overTime(difference, months).map((one) => ({
      month: one.month,
      cost: cents(one.cost),
      value: cents(one.value),
    })),
  };
}
