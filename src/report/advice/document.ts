import type { Approach } from '../../model/advice-request.js';
import type { Advice, ApproachCost, Assumption, BreakEven, Matrix, Payback } from '../../model/advice.js';
import { grouped } from '../../model/counts.js';
import { formatDuration } from '../../model/duration.js';

/** A report as its parts, which each format writes in its own way. */
export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[]; readonly mark?: 'warning' }
  | {
      readonly kind: 'table';
      readonly columns: readonly DocumentColumn[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: 'chart'; readonly chart: 'cost-latency' | 'over-time' };

export interface DocumentColumn {
  readonly header: string;
  readonly align?: 'right';
  /** Prose, which may be cut short or wrapped. */
  readonly prose?: boolean;
}

/** An amount with separators and two decimals. */
export function amount(value: number): string {
  return grouped(value.toFixed(2));
}

/** A number with separators, as short as it is exact to four significant digits behind the point. */
export function number(value: number): string {
  const digits = Math.abs(value) >= 100 ? 2 : 4;
  return Math.abs(value) < 1e21 ? grouped(String(Number(value.toFixed(digits)))) : String(value);
}

/** Months in two decimals, `never` for none; what is less than a year is not rounded up to one. */
export function monthsText({ payback_months: months, recommended }: Payback): string {
  if (months === null) return 'never';
  const rounded = Number(months.toFixed(2));
  return recommended && rounded >= 12 ? '<12' : Math.abs(rounded) < 1e21 ? grouped(String(rounded)) : String(rounded);
}

/** The costs by approach, from cheap latency to dear. */
export function costsOf({ costs }: Advice): readonly (readonly [Approach, ApproachCost])[] {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- the keys of a record of approaches
  return Object.entries(costs) as [Approach, ApproachCost][];
}

const list = (items: readonly string[], mark?: 'warning'): Block[] =>
  items.length === 0 ? [] : [mark === undefined ? { kind: 'list', items } : { kind: 'list', items, mark }];
const text = (value: string | undefined): Block[] =>
  value === undefined || value === '' ? [] : [{ kind: 'text', text: value }];
const right = (header: string): DocumentColumn => ({ header, align: 'right' });
const prose = (header: string): DocumentColumn => ({ header, prose: true });

export function sectionsOf(advice: Advice): readonly Section[] {
  const sections: Section[] = [
    { title: 'Answer', blocks: [...list(advice.summary), ...list(advice.notes, 'warning')] },
    requirementSection(advice),
    costSection(advice),
    breakEvenSection(advice.break_even, advice.currency),
    matrixSection(advice.matrix),
    questionSection(advice),
    ...measuredSection(advice),
    assumptionSection(advice.assumptions),
  ];
  return sections;
}

function requirementSection({ requirement, use_case: useCase }: Advice): Section {
  return {
    title: 'Latency',
    blocks: [
      ...text(useCase.description),
      ...text(requirement.rationale),
      ...text(
        useCase.latency_justification === undefined ? undefined : `Stated reason: ${useCase.latency_justification}`,
      ),
      ...list(requirement.warnings, 'warning'),
      {
        kind: 'text',
        text: 'Tiers: real_time < 100 ms, near_real_time 1-30 s, micro_batch 1-15 min, mini_batch 1-4 h, batch daily or rarer. What lies between two belongs to the slower one.',
      },
    ],
  };
}

function costSection(advice: Advice): Section {
  const rows = costsOf(advice).map(([name, one]) => [
    name,
    amount(one.monthly_infrastructure),
    amount(one.monthly_operational),
    amount(one.total_monthly),
    amount(one.initial_investment),
    amount(one.annual_tco),
  ]);
  const { volume, currency } = advice;
  const headers = ['infrastructure', 'operations', 'total a month', 'once', 'first year'];
  return {
    title: `Costs in ${currency}`,
    blocks: [
      {
        kind: 'text',
        text: `${number(volume.events_per_day)} events a day; volume factor max(1, log10(events / 1,000,000 + 1)) = ${number(volume.factor)}`,
      },
      { kind: 'table', columns: [{ header: 'approach' }, ...headers.map(right)], rows },
      { kind: 'chart', chart: 'cost-latency' },
    ],
  };
}

function breakEvenSection(one: BreakEven, currency: string): Section {
  const limit = one.revenue_per_minute_at_12_months;
  const figures = [
    ['value of the minutes saved, a month', amount(one.monthly_latency_value)],
    ['costs more, a month', amount(one.monthly_cost_increase)],
    ['net benefit, a month', amount(one.monthly_net_benefit)],
    ['costs more, once', amount(one.initial_investment_increase)],
    ['payback in months', monthsText(one)],
    ['pays back in less than 12 months', one.recommended ? 'yes' : 'no'],
    ['revenue per minute for a payback of 12 months', limit === null ? 'none' : number(limit)],
  ];
  const times = one.sensitivity[0]?.cases.map(({ times: by }) => `x ${by}`) ?? [];
  const labels = {
    revenue_per_minute: 'revenue per minute',
    monthly_cost_increase: 'costs more, a month',
    initial_investment_increase: 'costs more, once',
  };
  return {
    title: `Break-even of ${one.streaming} against ${one.batch} in ${currency}`,
    blocks: [
      { kind: 'text', text: one.explanation },
      { kind: 'table', columns: [{ header: '' }, right('')], rows: figures },
      { kind: 'chart', chart: 'over-time' },
      {
        kind: 'text',
        text: 'Payback in months when one figure is another. Revenue per minute, minutes saved and runs per month are multiplied with each other: the first row holds for each of them.',
      },
      {
        kind: 'table',
        columns: [{ header: 'figure' }, right('base'), ...times.map(right)],
        rows: one.sensitivity.map((row) => [labels[row.figure], number(row.base), ...row.cases.map(monthsText)]),
      },
    ],
  };
}

function matrixSection({ score, favours, factors, decided_by: decided }: Matrix): Section {
  return {
    title: 'Decision matrix',
    blocks: [
      {
        kind: 'text',
        text: `Score ${number(score)} of -1 (batch) to 1 (streaming): ${favours === 'neutral' ? 'neither side' : favours}${decided.length === 0 ? '' : `, decided by ${decided.join(', ')}`}.`,
      },
      {
        kind: 'table',
        columns: [{ header: 'factor' }, { header: 'favours' }, right('weight'), { header: 'decided' }, prose('reason')],
        rows: factors.map((one) => [one.name, one.direction, number(one.weight), one.decided ? 'yes' : '', one.reason]),
      },
    ],
  };
}

function questionSection({ requirement }: Advice): Section {
  const open = requirement.answers.every(({ answer }) => answer === null);
  if (open) return { title: 'Ask before you build', blocks: list(requirement.questions) };
  return {
    title: 'Asked before you build',
    blocks: list(requirement.answers.map(({ question, answer }) => `${question} ${answer ?? '(no answer)'}`)),
  };
}

function measuredSection({ measured }: Advice): readonly Section[] {
  if (measured === null) return [];
  return [
    {
      title: `Measured of ${measured.pipeline}`,
      blocks: [
        ...list(measured.figures.map((one) => `${one.name}: ${number(one.value)} ${one.unit}; ${one.detail}`)),
        ...list(
          measured.missing.map(({ name, reason }) => `${name} was not measured: ${reason}`),
          'warning',
        ),
      ],
    },
  ];
}

function assumptionSection(assumptions: readonly Assumption[]): Section {
  return {
    title: 'Assumptions',
    blocks: [
      {
        kind: 'text',
        text: 'Every figure that this rests on, by its name in the file. stated: by you; measured: by cutover; derived: from others; default: a rule of thumb, which a figure of your own should replace.',
      },
      {
        kind: 'table',
        columns: [{ header: 'figure' }, prose('value'), { header: 'from' }, prose('')],
        rows: assumptions.map(({ name, value, unit, source, detail }) => [
          name,
          typeof value === 'number' ? `${number(value)}${unitText(value, unit)}` : value,
          source,
          detail ?? '',
        ]),
      },
    ],
  };
}

/** A unit behind its number: `1 minute`, `2 hours a month`. */
function unitText(value: number, unit: string | null): string {
  if (unit === null) return '';
  return ` ${value === 1 ? unit.replace(/^([a-z]+)s\b/, '$1') : unit}`;
}

/** How late data of an approach is at the most. */
export function latencyText({ latency_ms: ms }: ApproachCost): string {
  return formatDuration(ms);
}
