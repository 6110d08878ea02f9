import { counted, grouped } from '../../model/counts.js';
import type { ColumnProfile, HistogramBin } from '../../model/diff-profile.js';
import { visible } from '../cells.js';
import type { RenderOptions } from '../options.js';
import { signed } from '../profile-wording.js';
import type { AnyComparison } from '../result.js';
import { boundText, differenceName, stoppedEarly } from '../wording.js';
import { table } from './layout.js';
import type { TableCell } from './layout.js';
import type { Paint } from './paint.js';

/** Histograms shown, and the longest bar. */
const HISTOGRAMS = 2;
const BAR = 40;

/** How much the columns differ: counts and the signed differences (right - left, or stream - batch). */
export function profileColumnLines(report: AnyComparison, options: RenderOptions, paint: Paint): string[] {
  const differing = (report.profile?.columns ?? []).filter(
    ({ mismatched, tolerated }) => mismatched > 0 || tolerated > 0,
  );
  if (differing.length === 0) return [];
  const early = stoppedEarly(report);
  const rows = differing.map((one): TableCell[] => [
    { text: visible(one.column) },
    { text: boundText(one.mismatched, early), ...(one.mismatched > 0 ? { style: 'red' as const } : {}) },
    { text: boundText(one.tolerated, early), ...(one.tolerated > 0 ? { style: 'yellow' as const } : {}) },
    { text: sizeText(one.smallest, one) },
    { text: `${one.median_error > 0 ? '~' : ''}${sizeText(one.median, one)}` },
    { text: sizeText(one.largest, one) },
  ]);
  const sized = differing.some(({ smallest }) => smallest !== null);
  const columns = [
    { header: 'column', shrinkTo: 12 },
    { header: 'mismatched', align: 'right' as const },
    { header: 'tolerated', align: 'right' as const },
    ...(sized
      ? [
          { header: 'smallest', align: 'right' as const, shrinkTo: 14, least: 8 },
          { header: 'median', align: 'right' as const, shrinkTo: 14, least: 8 },
          { header: 'largest', align: 'right' as const, shrinkTo: 14, least: 8 },
        ]
      : []),
  ];
  const title = sized
    ? `${paint('Columns', 'bold')} ${paint(`and their differences, ${differenceName(report)}`, 'dim')}`
    : paint('Columns', 'bold');
  const others = Object.keys(report.columns).length - differing.length;
  const rest = others > 0 ? [paint(`  ${counted(others, 'other column')} without a difference`, 'dim')] : [];
  return [title, ...table(columns, rows, { paint, width: options.width }), ...rest];
}

/** Bars of the signed differences of the columns that differ most; none where all fall into one bin, which the table above tells. */
export function histogramLines(report: AnyComparison, options: RenderOptions, paint: Paint): string[] {
  const shown = (report.profile?.columns ?? [])
    .filter(({ histogram }) => histogram.length > 1)
    .sort((a, b) => b.mismatched - a.mismatched)
    .slice(0, HISTOGRAMS);
  return shown.flatMap((one, index) => [
    ...(index === 0 ? [] : ['']),
    `${paint(`Differences of ${visible(one.column)}`, 'bold')}${paint(`, ${differenceName(report)}${one.unit === null ? '' : `, in ${one.unit}`}`, 'dim')}`,
    ...barLines(one.histogram, options, paint),
    ...unsizedLine(one, paint),
  ]);
}

function barLines(bins: readonly HistogramBin[], options: RenderOptions, paint: Paint): string[] {
  const most = Math.max(...bins.map(({ count }) => count));
  const labels = bins.map(({ from, to, count }) => [edge(from), edge(to), grouped(count)] as const);
  const widest = (index: 0 | 1 | 2): number => Math.max(...labels.map((label) => label[index].length));
  const room = options.width - widest(0) - widest(1) - widest(2) - 12;
  const full = Math.max(5, Math.min(BAR, room));
  const rows = bins.map(({ count }, index): TableCell[] => {
    const [from = '', to = '', number = ''] = labels[index] ?? [];
    return [
      { text: from },
      { text: '..', style: 'dim' },
      { text: to },
      { text: number },
      { text: count === 0 ? '' : '█'.repeat(Math.max(1, Math.round((count / most) * full))), style: 'cyan' },
    ];
  });
  const columns = [
    { header: '', align: 'right' as const, shrinkTo: 8 },
    { header: '' },
    { header: '', align: 'right' as const, shrinkTo: 8 },
    { header: '', align: 'right' as const },
    { header: '' },
  ];
  return table(columns, rows, { paint, width: options.width });
}

function unsizedLine({ unsized }: ColumnProfile, paint: Paint): string[] {
  return unsized === 0
    ? []
    : [paint(`  ${grouped(unsized)} more without a size (NULL, NaN or infinite on one side)`, 'dim')];
}

function edge(text: string): string {
  return text.startsWith('-') ? signed(text) : grouped(text);
}

/** With its sign and its unit; nothing for no size. */
export function sizeText(size: string | null, { unit }: ColumnProfile): string {
  if (size === null) return '';
  const text = size.startsWith('-') ? signed(size) : `+${grouped(size)}`;
  return unit === null ? text : `${text} ${unit === 'seconds' ? 's' : size === '1' || size === '-1' ? 'day' : 'days'}`;
}
