import { APPROACHES } from '../model/advice-request.js';
import type { AdviceRequest, Approach, OwnFigures, Rates } from '../model/advice-request.js';
import type { Advice, ApproachCost, Measured } from '../model/advice.js';
import { costOf, multipliersOf, roundedCost, volumeFactor } from './costs.js';
import { BASELINE_MONTHLY_COMPUTE, CURRENCY, EVENTS_PER_DAY, PEAK_MULTIPLIER, RATES } from './defaults.js';
import { Figures } from './figures.js';
import type { Figure } from './figures.js';
import { decisionMatrix } from './matrix.js';
import { clean } from './money.js';
import { notesOf } from './notes.js';
import { breakEvenOf, pairOf } from './pair.js';
import { analyseRequirement } from './requirement.js';
import { summaryOf } from './summary.js';

const SECONDS_A_DAY = 86_400;

/**
 * Advice on one use case: the tier that it needs, what each approach costs, when a stream pays back, and what speaks for either. Pure: the same request
 * gives the same answer. Amounts are rounded to the cent, and only at the end.
 *
 * @param request as FILE of `cutover advise` (docs/advise.md); its numbers are finite and not negative
 * @param measured what cutover measured of a pipeline; what the request states goes before it
 */
export function advise(request: AdviceRequest, measured: Measured | null = null): Advice {
  const { use_case: useCase } = request;
  const currency = request.currency ?? CURRENCY;
  const figures = new Figures(
    new Map((measured?.figures ?? []).map(({ name, value, detail }) => [name, { value, detail }])),
  );
  const volume = volumeOf(request, figures);
  const worth = worthOf(request, figures, currency);

  const requirement = analyseRequirement(useCase, { impact: worth.impact.value, currency, answers: request.answers });
  const baseline = figures.take({
    name: 'baseline_monthly_compute',
    unit: `${currency} a month`,
    stated: request.baseline_monthly_compute,
    fallback: BASELINE_MONTHLY_COMPUTE,
  });
  const rates = ratesOf(request.rates, figures, currency);
  const factor = volumeFactor(volume.perDay.value);
  const exact = (approach: Approach): ApproachCost =>
    costOf(approach, {
      baselineMonthlyCompute: baseline.value,
      volumeFactor: factor,
      rates,
      own: request.figures?.[approach],
    });
  const pair = pairOf(request, requirement.recommended);
  const approaches = request.approaches ?? APPROACHES;
  for (const approach of APPROACHES.filter(
    (one) => approaches.includes(one) || one === pair.batch || one === pair.streaming,
  ))
    noteFigures(approach, request.figures?.[approach], figures, currency);
  const breakEven = breakEvenOf(request, figures, {
    pair,
    costOf: exact,
    revenuePerMinute: worth.revenue.value,
    currency,
  });
  const matrix = decisionMatrix(request.factors, {
    useCase,
    requirement,
    peakPerSecond: { value: volume.peakPerSecond, source: volume.source },
    breakEven,
  });
  const shown = {
    events_per_day: volume.perDay.value,
    events_per_second: clean(volume.perSecond.value),
    peak_events_per_second: clean(volume.peakPerSecond),
    factor: clean(factor),
  };
  return {
    schema: 'cutover.advice/v1',
    name: useCase.name ?? measured?.pipeline ?? 'unnamed use case',
    summary: summaryOf({ requirement, breakEven, matrix, currency }),
    use_case: useCase,
    currency,
    volume: shown,
    requirement,
    costs: Object.fromEntries(approaches.map((approach) => [approach, roundedCost(exact(approach))])),
    break_even: breakEven,
    matrix,
    assumptions: figures.assumptions,
    measured,
    notes: notesOf(request, { volume: shown, source: volume.source, breakEven, revenue: worth.revenue }),
  };
}

function volumeOf(request: AdviceRequest, figures: Figures) {
  const { events_per_second: perSecondStated, peak_multiplier: peakStated } = request.use_case;
  const perDayStated = request.volume?.events_per_day;
  // A rate that the user states goes before what was measured, as every figure of theirs.
  const perDay =
    perDayStated === undefined && perSecondStated !== undefined
      ? derived(figures, perSecondStated * SECONDS_A_DAY)
      : figures.take({
          name: 'volume.events_per_day',
          unit: 'events a day',
          stated: perDayStated,
          fallback: EVENTS_PER_DAY,
        });
  const perSecond: Figure =
    perSecondStated === undefined
      ? { value: perDay.value / SECONDS_A_DAY, source: perDay.source }
      : { value: perSecondStated, source: 'stated' };
  figures.note(
    'use_case.events_per_second',
    clean(perSecond.value),
    'events a second',
    perSecondStated === undefined ? 'derived' : 'stated',
    perSecondStated === undefined ? 'events a day / 86,400' : null,
  );
  const peak = figures.take({
    name: 'use_case.peak_multiplier',
    unit: 'times',
    stated: peakStated,
    fallback: PEAK_MULTIPLIER,
  });
  return { perDay, perSecond, peakPerSecond: perSecond.value * peak.value, source: perSecond.source };
}

function derived(figures: Figures, value: number): Figure {
  figures.note('volume.events_per_day', value, 'events a day', 'derived', 'use_case.events_per_second x 86,400');
  return { value, source: 'derived' };
}

/** What a minute is worth: said once, in either place, it holds for both. */
function worthOf(request: AdviceRequest, figures: Figures, currency: string) {
  const unit = `${currency} a minute`;
  const impact = request.use_case.revenue_impact_per_minute_delay;
  const revenue = request.break_even?.revenue_per_minute;
  const from = (value: number | undefined, name: string) =>
    value === undefined ? undefined : { value, detail: `as ${name}` };
  return {
    impact: figures.take({
      name: 'use_case.revenue_impact_per_minute_delay',
      unit,
      stated: impact,
      derived: from(revenue, 'break_even.revenue_per_minute'),
      fallback: 0,
    }),
    revenue: figures.take({
      name: 'break_even.revenue_per_minute',
      unit,
      stated: revenue,
      derived: from(impact, 'use_case.revenue_impact_per_minute_delay'),
      fallback: 0,
    }),
  };
}

function ratesOf(given: AdviceRequest['rates'], figures: Figures, currency: string): Rates {
  const take = (name: keyof Rates, unit: string): number =>
    figures.take({ name: `rates.${name}`, unit, stated: given?.[name], fallback: RATES[name] }).value;
  return {
    hourly: take('hourly', `${currency} an hour`),
    hours_per_day: take('hours_per_day', 'hours'),
    storage_share: take('storage_share', 'of the baseline'),
    network_share: take('network_share', 'of the baseline'),
    engineering_hours: take('engineering_hours', 'hours a month'),
    on_call_hours: take('on_call_hours', 'hours a month'),
    incident_hours: take('incident_hours', 'hours a month'),
    development_days: take('development_days', 'days'),
    testing_days: take('testing_days', 'days'),
  };
}

/** Multipliers in one line for each approach, and each figure of the user's own. */
function noteFigures(approach: Approach, own: OwnFigures | undefined, figures: Figures, currency: string): void {
  const text = Object.entries(multipliersOf(approach, own)).map(([name, value]) => `${name} ${value}`);
  const stated = Object.keys(own?.multipliers ?? {});
  figures.note(
    `figures.${approach}.multipliers`,
    text.join(', '),
    null,
    stated.length === 0 ? 'default' : 'stated',
    stated.length === 0 ? null : `stated: ${stated.join(', ')}`,
  );
  for (const [name, value] of Object.entries(own ?? {})) {
    if (typeof value !== 'number') continue;
    const unit = name.startsWith('monthly_')
      ? `${currency} a month`
      : name.endsWith('_days')
        ? 'days'
        : 'hours a month';
    figures.note(`figures.${approach}.${name}`, value, unit, 'stated', 'in place of what the multipliers give');
  }
}
