import { counted, grouped } from '../../model/counts.js';
import type { QuarantineResult } from '../../model/results.js';
import { cellText, visible } from '../cells.js';
import type { RenderOptions } from '../options.js';
import { table } from './layout.js';
import type { TableCell } from './layout.js';
import { painter } from './paint.js';

/** Far more than a terminal shows: a record may have megabytes. */
const MOST_OF_A_RECORD = 1000;

/** What is in quarantine: its place, its reason, and the beginning of its text. */
export function quarantineTable(result: QuarantineResult, options: RenderOptions): string {
  const paint = painter(options.color);
  const left = `${counted(result.quarantined, 'record')} in quarantine`;
  const head =
    result.action === 'list'
      ? left
      : `${grouped(result.landed)} of ${counted(result.tried, 'record')} fit now and became events; ${left}`;
  const shown = result.records.slice(0, options.limit);
  const rows = shown.map((record): TableCell[] => [
    { text: visible(record.partition) },
    { text: String(record.offset) },
    { text: record.quarantined_at.slice(0, 19).replace('T', ' ') },
    { text: visible(record.reason) },
    { text: cellText(record.raw?.slice(0, MOST_OF_A_RECORD) ?? null) },
  ]);
  // Place and offset stay whole: they name the record for a retry.
  const columns = [
    { header: 'partition' },
    { header: 'offset', align: 'right' as const },
    { header: 'since (UTC)' },
    { header: 'reason', shrinkTo: 24, least: 12 },
    { header: 'record', shrinkTo: 24, least: 8 },
  ];
  const more = result.quarantined - shown.length;
  return [
    paint(head, 'bold'),
    ...(rows.length === 0 ? [] : ['', ...table(columns, rows, { paint, width: options.width })]),
    ...(rows.length > 0 && more > 0 ? [paint(`  and ${grouped(more)} more`, 'dim')] : []),
    '',
  ].join('\n');
}
