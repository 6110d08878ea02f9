import type { Advice } from '../../model/advice.js';
import { bar } from '../table/layout.js';
import { amount, costsOf, latencyText, monthsText } from './document.js';

const BAR = 30;
const HEIGHT = 9;
const LEAST_COLUMNS = 24;
const MOST_COLUMNS = 61;

/** The cost a month of each approach as a bar, from slow to fast. */
export function costLatencyLines(advice: Advice): string[] {
  const costs = [...costsOf(advice)].sort(([, a], [, b]) => b.latency_ms - a.latency_ms);
  const most = Math.max(...costs.map(([, one]) => one.total_monthly), 1e-9);
  const width = Math.max(...costs.map(([name]) => name.length));
  return [
    'total a month, by how late data is at the most',
    ...costs.map(
      ([name, one]) =>
        `${name.padEnd(width)} ${latencyText(one).padStart(5)} ${bar(one.total_monthly / most, BAR)} ${amount(one.total_monthly)}`,
    ),
  ];
}

/**
 * What the stream has cost and brought more than the batch job by the end of each month, as points: `o` costs, `*` value, `#` both.
 *
 * @param width columns of the terminal
 */
export function overTimeLines({ break_even: one, currency }: Advice, width: number): string[] {
  const points = one.over_time;
  const last = points.length - 1;
  const all = points.flatMap(({ cost, value }) => [cost, value]);
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const labels = [amount(high), amount(low)];
  const margin = Math.max(...labels.map((label) => label.length));
  const columns = Math.min(MOST_COLUMNS, Math.max(LEAST_COLUMNS, width - margin - 6));
  const range = high - low || 1;
  const grid = Array.from({ length: HEIGHT }, () => Array.from({ length: columns }, () => ' '));
  const put = (month: number, value: number, sign: string): void => {
    const x = Math.round((month / last) * (columns - 1));
    const row = grid[HEIGHT - 1 - Math.round(((value - low) / range) * (HEIGHT - 1))];
    if (row !== undefined) row[x] = row[x] === ' ' || row[x] === sign ? sign : '#';
  };
  for (const { month, cost, value } of points) {
    put(month, cost, 'o');
    put(month, value, '*');
  }
  const lines = grid.map((row, index) => {
    const label = index === 0 ? (labels[0] ?? '') : index === HEIGHT - 1 ? (labels[1] ?? '') : '';
    return `${label.padStart(margin)} │${row.join('').trimEnd()}`;
  });
  return [
    `since the start, in ${currency}: o costs more, * value of the minutes saved, # both; payback: ${paybackText(monthsText(one))}`,
    ...lines,
    `${' '.repeat(margin)} └${'─'.repeat(columns)}`,
    `${' '.repeat(margin)}  0${`month ${last}`.padStart(columns - 1)}`,
  ];
}

function paybackText(months: string): string {
  return months === 'never' ? months : `${months} months`;
}
