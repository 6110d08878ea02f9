import type { ApproachCost, Payback } from '../model/advice.js';
import { cents, clean } from './money.js';
import { PAYBACK_LIMIT } from './defaults.js';

/** Fewer minutes a month are none: what divides by them would not be finite. */
const NOTHING = 1e-9;

/** What a stream costs more than a batch job, and what it is worth; amounts in the currency, not rounded. */
export interface Difference {
  readonly monthlyCostIncrease: number;
  readonly initialInvestmentIncrease: number;
  /** Minutes by which the data is earlier, each time. */
  readonly minutesSaved: number;
  /** What one of those minutes is worth. */
  readonly revenuePerMinute: number;
  /** How often a month the data would have been late. */
  readonly runsPerMonth: number;
}

/** The difference of two costs, as far as they tell it. */
export function costDifference(
  batch: ApproachCost,
  streaming: ApproachCost,
): Pick<Difference, 'monthlyCostIncrease' | 'initialInvestmentIncrease'> {
  return {
    monthlyCostIncrease: streaming.total_monthly - batch.total_monthly,
    initialInvestmentIncrease: streaming.initial_investment - batch.initial_investment,
  };
}

/** A month: minutes saved x revenue per minute x runs per month. */
export function latencyValue({ minutesSaved, revenuePerMinute, runsPerMonth }: Difference): number {
  return minutesSaved * revenuePerMinute * runsPerMonth;
}

/**
 * Net benefit = value - cost increase, a month; payback = initial increase / net benefit, in months: never, where there is no net benefit of at
 * least a cent, and at once (0), where the stream is not dearer to build. Recommended where it is below 12.
 */
export function payback(difference: Difference): Payback {
  const net = cents(latencyValue(difference) - difference.monthlyCostIncrease);
  const exact = latencyValue(difference) - difference.monthlyCostIncrease;
  const months = net > 0 ? clean(Math.max(0, difference.initialInvestmentIncrease / exact)) : null;
  return { monthly_net_benefit: net, payback_months: months, recommended: months !== null && months < PAYBACK_LIMIT };
}

/**
 * The revenue per minute at which the payback is exactly 12 months: (initial increase / 12 + cost increase) / (minutes saved x runs per month).
 * 0 where it pays within 12 months whatever a minute is worth; null where no revenue makes it pay, because nothing is saved.
 * A stream that is not dearer to build pays from the cost increase on.
 */
export function revenueAtLimit(difference: Difference): number | null {
  const minutes = difference.minutesSaved * difference.runsPerMonth;
  const needed = Math.max(0, difference.initialInvestmentIncrease) / PAYBACK_LIMIT + difference.monthlyCostIncrease;
  if (needed <= 0 && cents(difference.monthlyCostIncrease) < 0) return 0;
  return minutes > NOTHING ? Math.max(0, needed / minutes) : null;
}
