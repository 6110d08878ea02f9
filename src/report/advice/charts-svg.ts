import type { Advice } from '../../model/advice.js';
import { amount, costsOf, latencyText, monthsText } from './document.js';
import { escaped } from './html-text.js';

const WIDTH = 720;
const HEIGHT = 340;
const PLOT = { left: 84, right: 120, top: 24, bottom: 52 } as const;
const INNER = { width: WIDTH - PLOT.left - PLOT.right, height: HEIGHT - PLOT.top - PLOT.bottom } as const;
/** Labels nearer than this overlap. */
const LINE = 15;

const X_TICKS: readonly (readonly [ms: number, label: string])[] = [
  [100, '100 ms'],
  [1000, '1 s'],
  [60_000, '1 min'],
  [3_600_000, '1 h'],
  [86_400_000, '1 day'],
];

/** Each approach as a point: how late its data is at the most (logarithmic), against its cost a month. */
export function costLatencySvg(advice: Advice): string {
  const costs = costsOf(advice);
  const axis = ticksOf(0, Math.max(...costs.map(([, one]) => one.total_monthly)));
  const x = (ms: number): number => PLOT.left + (Math.log10(ms / 100) / Math.log10(864_000)) * INNER.width;
  const y = scaleOf(axis);
  const points = costs.map(([name, one]) => ({ name, one, x: x(one.latency_ms), y: y(one.total_monthly) }));
  const labels = spread(
    points.map((point) => ({ ...point, text: `${point.name} ${amount(point.one.total_monthly)}` })),
  );
  const words = costs.map(
    ([name, one]) => `${name}: ${amount(one.total_monthly)} a month, up to ${latencyText(one)} late`,
  );
  return figure('cost-latency', `Cost a month against latency, in ${advice.currency}`, `${words.join('; ')}.`, [
    ...grid(axis, y),
    ...X_TICKS.map(([ms, label]) => textAt(x(ms), HEIGHT - PLOT.bottom + 20, label, 'middle', 'axis')),
    textAt(PLOT.left + INNER.width / 2, HEIGHT - 8, 'how late data is at the most (logarithmic)', 'middle', 'axis'),
    ...points.map((point) => `<circle class="point" cx="${px(point.x)}" cy="${px(point.y)}" r="6"/>`),
    ...labels.map((label) =>
      // The slow end of the plot has its room on the left.
      label.x > PLOT.left + INNER.width * 0.55
        ? textAt(label.x - 12, label.at + 4, label.text, 'end', 'label')
        : textAt(label.x + 12, label.at + 4, label.text, 'start', 'label'),
    ),
  ]);
}

/** What the stream has cost and brought more than the batch job, by the end of each month. */
export function overTimeSvg({ break_even: one, currency }: Advice): string {
  const last = one.over_time.length - 1;
  const all = one.over_time.flatMap(({ cost, value }) => [cost, value]);
  const axis = ticksOf(Math.min(0, ...all), Math.max(...all));
  const x = (month: number): number => PLOT.left + (month / last) * INNER.width;
  const y = scaleOf(axis);
  const line = (of: 'cost' | 'value'): string =>
    `<polyline class="line ${of}" points="${one.over_time.map((point) => `${px(x(point.month))},${px(y(point[of]))}`).join(' ')}"/>`;
  const end = one.over_time[last] ?? { month: last, cost: 0, value: 0 };
  const labels = spread([
    { text: 'costs more', x: x(last), y: y(end.cost), of: 'cost' },
    { text: 'value', x: x(last), y: y(end.value), of: 'value' },
  ]);
  const months = one.payback_months;
  const meet = months === null || months > last ? null : months;
  const step = Math.max(1, Math.ceil(last / 12));
  const ticks = one.over_time.filter(({ month }) => month % step === 0);
  const outcome = months === null ? 'It never pays back.' : `It pays back after ${monthsText(one)} months.`;
  return figure(
    'over-time',
    `${one.streaming} against ${one.batch} over time, in ${currency}`,
    `By the end of month ${last} it has cost ${amount(end.cost)} more and was worth ${amount(end.value)}. ${outcome}`,
    [
      ...grid(axis, y),
      ...ticks.map(({ month }) => textAt(x(month), HEIGHT - PLOT.bottom + 20, String(month), 'middle', 'axis')),
      textAt(PLOT.left + INNER.width / 2, HEIGHT - 8, 'months since the start', 'middle', 'axis'),
      line('cost'),
      line('value'),
      ...(meet === null
        ? []
        : [
            `<line class="meet" x1="${px(x(meet))}" x2="${px(x(meet))}" y1="${PLOT.top}" y2="${HEIGHT - PLOT.bottom}"/>`,
            textAt(
              x(meet) + 6,
              PLOT.top + 10,
              `pays back: ${monthsText(one)} months`,
              meet > last * 0.7 ? 'end' : 'start',
              'label',
            ),
          ]),
      ...labels.map((label) => textAt(label.x + 8, label.at + 4, label.text, 'start', `label ${label.of}`)),
    ],
  );
}

function figure(id: string, title: string, description: string, parts: readonly string[]): string {
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-text" xmlns="http://www.w3.org/2000/svg">`,
    `<title id="${id}-title">${escaped(title)}</title>`,
    `<desc id="${id}-text">${escaped(description)}</desc>`,
    ...parts,
    '</svg>',
  ].join('\n');
}

function grid(axis: readonly number[], y: (value: number) => number): string[] {
  return axis.flatMap((value) => [
    `<line class="${value === 0 ? 'zero' : 'grid'}" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${px(y(value))}" y2="${px(y(value))}"/>`,
    textAt(PLOT.left - 8, y(value) + 4, short(value), 'end', 'axis'),
  ]);
}

function scaleOf(axis: readonly number[]): (value: number) => number {
  const [low, high] = [axis[0] ?? 0, axis.at(-1) ?? 1];
  return (value) => PLOT.top + (1 - (value - low) / (high - low || 1)) * INNER.height;
}

/** About five round values that hold everything between `low` (0 or less) and `high`. */
function ticksOf(low: number, high: number): number[] {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((times) => times * power >= rough) ?? 10);
  const [first, last] = [Math.floor(low / step), Math.max(Math.ceil(high / step), Math.floor(low / step) + 1)];
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** 1200000 -> `1.2M` */
function short(value: number): string {
  for (const [size, unit] of [
    [1e15, 'P'],
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(4))}${unit}`;
  return String(Number(value.toPrecision(4)));
}

/** Moves labels of one column apart that would overlap; `at` is where each is to stand. */
function spread<T extends { readonly x: number; readonly y: number }>(
  labels: readonly T[],
): (T & { readonly at: number })[] {
  const placed: (T & { readonly at: number })[] = [];
  for (const label of [...labels].sort((a, b) => b.y - a.y)) {
    const below = placed.filter((one) => Math.abs(one.x - label.x) < 1).map(({ at }) => at);
    placed.push({ ...label, at: Math.min(label.y, ...below.map((at) => at - LINE)) });
  }
  return placed;
}

function textAt(x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end', kind: string): string {
  return `<text class="${kind}" x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${escaped(text)}</text>`;
}

function px(value: number): string {
  return String(Number(value.toFixed(1)));
}
