import { grouped } from '../../model/counts.js';
import type { PlannedRows, PlanReport } from '../../model/plan-report.js';
import { visible } from '../cells.js';
import type { RenderOptions } from '../options.js';
import { PLACES } from './diff-report.js';
import { wrapped } from './layout.js';
import { painter } from './paint.js';

const NAMES = 10;

/** How two tables would be compared, and why. */
export function planTable(plan: PlanReport, options: RenderOptions): string {
  const paint = painter(options.color);
  const facts: readonly (readonly [string, string])[] = [
    ['left', plan.sides.batch],
    ['right', plan.sides.stream],
    ['left rows', rowsText(plan.rows.batch)],
    ['right rows', rowsText(plan.rows.stream)],
    ['key', plan.key.join(', ')],
    ['columns', plan.columns.join(', ')],
    ['where', `${PLACES[plan.place]}: ${plan.place_reason}`],
    ['how', howText(plan)],
    ['network', plan.network],
    ['to send', plan.bytes_to_send === 0 ? 'nothing' : sentText(plan)],
    ['at', plan.alignment.exact ? 'one moment' : 'a moment of its own for each side'],
  ];
  const room = Math.max(20, options.width - NAMES - 4);
  const told = facts.flatMap(([name, text]) =>
    wrapped(visible(text), room).map((line, index) =>
      index === 0 ? `  ${paint(name.padEnd(NAMES), 'dim')}  ${line}` : `${' '.repeat(NAMES + 4)}${line}`,
    ),
  );
  const notes = [...plan.lossy.map((step) => `lossy: ${step}`), ...plan.notes].flatMap((note) =>
    wrapped(`- ${visible(note)}`, Math.max(20, options.width - 2)).map((line) => `  ${line}`),
  );
  return [
    `${paint('PLAN', 'bold')} nothing was compared`,
    ...told,
    ...(notes.length === 0 ? [] : ['', paint('Notes', 'bold'), ...notes]),
    '',
  ].join('\n');
}

function howText({ strategy, reason, place_reason, buckets }: PlanReport): string {
  const name = buckets === null ? strategy : `${strategy} of ${grouped(buckets)} buckets`;
  return reason === place_reason ? name : `${name}: ${reason}`;
}

function rowsText({ count, exact }: PlannedRows): string {
  return `${exact ? '' : 'about '}${grouped(count)}`;
}

function sentText({ bytes_to_send: bytes, place }: PlanReport): string {
  const all = bytes < 1_000_000 ? 'less than 1 MB' : `about ${grouped(Math.round(bytes / 1e6))} MB`;
  return place === 'digests_exchanged' ? `rows of the buckets that differ (${all} if all did)` : all;
}
