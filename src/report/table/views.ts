import { counted, grouped } from '../../model/counts.js';
import { formatElapsed } from '../../model/duration.js';
import type { ViewReport, ViewsResult, ViewStatus } from '../../model/view.js';
import { visible } from '../cells.js';
import { ppmAsPercent } from '../numbers.js';
import type { RenderOptions } from '../options.js';
import { table, wrapped } from './layout.js';
import type { TableCell } from './layout.js';
import { painter } from './paint.js';
import type { Style } from './paint.js';

const STYLES: Readonly<Partial<Record<ViewStatus, Style>>> = {
  fresh: 'green',
  stale: 'yellow',
  changed: 'yellow',
  never: 'yellow',
  failed: 'red',
};

/** `batch`, `stream`, or `mixed (totals 25% stream)`. */
export function sideText({ side, sources }: ViewReport): string {
  if (side !== 'mixed') return side ?? '';
  const parts = sources.map((one) =>
    one.side === 'mixed' ? `${one.pipeline} ${ppmAsPercent(one.share_ppm)} stream` : `${one.pipeline} ${one.side}`,
  );
  return `mixed (${parts.join(', ')})`;
}

/** What is to be said of views besides their numbers: failures, and partitions that do not fit. */
export function viewRemarks(views: readonly ViewReport[]): string[] {
  return views.flatMap((view) => [
    ...(view.error === null
      ? []
      : [
          `${view.view}: ${view.error} (${counted(view.failures, 'try', 'tries')}, the last at ${view.attempted_at ?? ''})`,
        ]),
    ...(view.corrected_rows === 0
      ? []
      : [
          `${view.view}: the last full refresh changed ${counted(view.corrected_rows, 'row')} in partitions that no event had touched; partition_by does not fit its SQL`,
        ]),
    ...(view.status === 'removed'
      ? [`${view.view}: no longer configured; its table stays until it is dropped (cutover views drop ${view.view})`]
      : []),
  ]);
}

/** A line for each view, then what failed. */
export function viewLines(views: readonly ViewReport[], options: RenderOptions): string[] {
  const paint = painter(options.color);
  const rows = views.map((view): TableCell[] => [
    { text: visible(view.view) },
    { text: view.status, ...styleOf(view.status) },
    { text: view.staleness_ms === null ? '' : formatElapsed(view.staleness_ms) },
    { text: view.rows === null ? '' : grouped(view.rows) },
    { text: view.duration_ms === null ? '' : formatElapsed(view.duration_ms) },
    { text: visible(sideText(view)) },
    { text: visible(view.schedule ?? '') },
  ]);
  const columns = [
    { header: 'view', shrinkTo: 16 },
    { header: 'status' },
    { header: 'age', align: 'right' as const },
    { header: 'rows', align: 'right' as const },
    { header: 'took', align: 'right' as const },
    { header: 'rows from', shrinkTo: 12 },
    { header: 'schedule', shrinkTo: 10 },
  ];
  const remarks = viewRemarks(views).flatMap((text) =>
    wrapped(visible(text), Math.max(20, options.width - 4)).map((line) => `  ${paint(line, 'dim')}`),
  );
  return [...table(columns, rows, { paint, width: options.width }), ...(remarks.length === 0 ? [] : ['', ...remarks])];
}

function styleOf(status: ViewStatus): { style?: Style } {
  const style = STYLES[status];
  return style === undefined ? {} : { style };
}

export function viewsTable(result: ViewsResult, options: RenderOptions): string {
  if (result.views.length === 0) return 'no views are configured\n';
  const paint = painter(options.color);
  const [first] = result.views;
  const head = {
    list: counted(result.views.length, 'view'),
    refresh: `Refreshed ${first?.view ?? ''}: ${refreshText(first)}`,
    drop: `Dropped ${first?.view ?? ''}`,
  }[result.action];
  const lines = result.action === 'drop' ? [] : ['', ...viewLines(result.views, options)];
  return `${[paint(visible(head), 'bold'), ...lines].join('\n')}\n`;
}

function refreshText(view: ViewReport | undefined): string {
  const changed = counted(view?.changed_rows ?? 0, 'row');
  const why = view?.full_reason ?? null;
  if (view !== undefined && view.partitions !== null)
    return `${counted(view.partitions, 'partition')} computed, ${changed} added or removed`;
  return `all rows computed${why === null ? '' : ` (${why})`}, ${changed} added or removed`;
}
