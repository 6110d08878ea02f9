import type { SensitivityRow } from '../model/advice.js';
import { latencyValue, payback, revenueAtLimit } from './break-even.js';
import type { Difference } from './break-even.js';
import { cents, clean } from './money.js';

const TIMES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 4] as const;

/**
 * The break-even with one figure multiplied and the others left. Minutes saved, revenue per minute and runs per month are factors of one product:
 * one row stands for all three. Where no revenue was stated, its row is multiples of the revenue at which the payback is 12 months.
 */
export function sensitivity(difference: Difference): SensitivityRow[] {
  const revenue = difference.revenuePerMinute > 0 ? difference.revenuePerMinute : (revenueAtLimit(difference) ?? 0);
  const row = (
    figure: SensitivityRow['figure'],
    base: number,
    change: (value: number) => Difference,
    shown: (value: number) => number,
  ): SensitivityRow => ({
    figure,
    base: shown(base),
    cases: TIMES.map((times) => ({ times, value: shown(base * times), ...payback(change(base * times)) })),
  });
  return [
    row('revenue_per_minute', revenue, (value) => ({ ...difference, revenuePerMinute: value }), clean),
    row(
      'monthly_cost_increase',
      difference.monthlyCostIncrease,
      (value) => ({ ...difference, monthlyCostIncrease: value }),
      cents,
    ),
    row(
      'initial_investment_increase',
      difference.initialInvestmentIncrease,
      (value) => ({ ...difference, initialInvestmentIncrease: value }),
      cents,
    ),
  ];
}

/**
 * What has been spent and gained more with the stream than with the batch job, at the end of each month; not rounded. They meet at the payback.
 *
 * @param months how many, 1 or more
 */
export function overTime(
  difference: Difference,
  months: number,
): readonly { month: number; cost: number; value: number }[] {
  return Array.from({ length: months + 1 }, (_, month) => ({
    month,
    cost: difference.initialInvestmentIncrease + month * difference.monthlyCostIncrease,
    value: month * latencyValue(difference),
  }));
}
