import { discrepancyCount } from '../../model/comparison.js';
import type { Comparison, Discrepancy } from '../../model/comparison.js';
import { counted, grouped } from '../../model/counts.js';
import { formatElapsed } from '../../model/duration.js';
import { NO_ROW, differencesOf, keyText, visible } from '../cells.js';
import { percent, signedDifference } from '../numbers.js';
import type { RenderOptions } from '../options.js';
import { commonSentences, sumSentences } from '../profile-wording.js';
import type { AnyComparison } from '../result.js';
import {
  boundText,
  countsOf,
  hasProfile,
  headline,
  kindLabel,
  sideNames,
  stoppedEarly,
  verdictLabel,
} from '../wording.js';
import { diffFootLines, furtherReasons, sideLines } from './diff-report.js';
import { fits, focused, table, wrapped } from './layout.js';
import type { TableCell } from './layout.js';
import { painter, verdictStyle } from './paint.js';
import type { Paint } from './paint.js';
import { histogramLines, profileColumnLines } from './profile.js';

/** A value longer than this is shown from shortly before the first difference on, where there is no room for more. */
const LONG_VALUE = 16;

/** What may be shown instead where it fits: all of the values, else those as long as a timestamp. */
const WHOLE_VALUES = [Infinity, 26] as const;

/** Which cell of a discrepancy's row tells how large the difference is. */
const DIFFERENCE = 6;

/** Columns that a shortened value keeps on a narrow terminal: enough to show how it begins to differ. */
const LEAST_VALUE = 12;

/** One line: the verdict, the pipeline, what was found and where. */
export function comparisonLine(comparison: AnyComparison, paint: Paint): string {
  const verdict = paint(verdictLabel(comparison.verdict), 'bold', verdictStyle(comparison.verdict));
  return `${verdict} ${paint(visible(headline(comparison)), 'bold')}`;
}

/** A comparison for people: headline, counts, columns, what the differences have in common, the first of them, notes, and how to go on. */
export function comparisonTable(comparison: AnyComparison, options: RenderOptions): string {
  const paint = painter(options.color);
  const blocks = [
    [
      comparisonLine(comparison, paint),
      ...(comparison.pipeline === null ? sideLines(comparison, options, paint) : []),
      ...reasonLines(comparison, options, paint),
    ],
    countLines(comparison, options, paint),
    columnLines(comparison, options, paint),
    ...profileBlocks(comparison, options, paint),
    discrepancyLines(comparison, options, paint),
    listLines('Lossy steps', comparison.lossy, options, paint),
    listLines('Notes', comparison.notes, options, paint),
    comparison.pipeline === null ? diffFootLines(comparison, paint) : footLines(comparison, paint),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

function profileBlocks(report: AnyComparison, options: RenderOptions, paint: Paint): string[][] {
  return [
    listLines('What the differences have in common', commonSentences(report), options, paint),
    histogramLines(report, options, paint),
    listLines('Sums', sumSentences(report), options, paint),
  ];
}

function reasonLines(comparison: AnyComparison, options: RenderOptions, paint: Paint): string[] {
  if (comparison.pipeline === null)
    return furtherReasons(comparison).flatMap((reason) => bullet(reason, options, paint));
  const reused =
    comparison.reused_from === null
      ? []
      : [`nothing arrived since comparison ${comparison.reused_from}, whose result holds`];
  return [...comparison.reasons, ...reused].flatMap((reason) => bullet(reason, options, paint));
}

/** A titled list; nothing for no items. */
export function listLines(title: string, items: readonly string[], options: RenderOptions, paint: Paint): string[] {
  if (items.length === 0) return [];
  return [paint(title, 'bold'), ...items.flatMap((item) => bullet(item, options, paint))];
}

function bullet(text: string, options: RenderOptions, paint: Paint): string[] {
  return wrapped(visible(text), Math.max(20, options.width - 4)).map((line, index) =>
    index === 0 ? `  ${paint('-', 'dim')} ${line}` : `    ${line}`,
  );
}

function countLines(comparison: AnyComparison, options: RenderOptions, paint: Paint): string[] {
  const rows = countsOf(comparison).map((entry): TableCell[] => {
    const quiet = entry.rate !== null && entry.count === 0;
    const style = entry.bad ? { style: 'red' as const } : quiet ? { style: 'dim' as const } : {};
    return [
      { text: entry.label, ...style },
      { text: boundText(entry.count, entry.atLeast), ...style },
      { text: entry.rate === null || entry.count === 0 ? '' : percent(entry.rate), ...style },
    ];
  });
  return table([{ header: '' }, { header: '', align: 'right' }, { header: '', align: 'right' }], rows, {
    paint,
    width: options.width,
  });
}

function columnLines(comparison: AnyComparison, options: RenderOptions, paint: Paint): string[] {
  if (hasProfile(comparison)) return profileColumnLines(comparison, options, paint);
  const early = stoppedEarly(comparison);
  const entries = Object.entries(comparison.columns);
  const differing = entries.filter(([, counts]) => counts.mismatched > 0 || counts.tolerated > 0);
  if (differing.length === 0) return [];
  const rows = differing.map(([name, counts]): TableCell[] => [
    { text: visible(name) },
    { text: boundText(counts.mismatched, early), ...(counts.mismatched > 0 ? { style: 'red' as const } : {}) },
    { text: boundText(counts.tolerated, early), ...(counts.tolerated > 0 ? { style: 'yellow' as const } : {}) },
    { text: counts.max_abs_difference === null ? '' : grouped(counts.max_abs_difference) },
  ]);
  const columns = [
    { header: 'column', shrinkTo: 12 },
    { header: 'mismatched', align: 'right' as const },
    { header: 'tolerated', align: 'right' as const },
    { header: 'largest difference', align: 'right' as const },
  ];
  const others = entries.length - differing.length;
  const rest = others === 0 ? [] : [paint(`  ${counted(others, 'other column')} without a difference`, 'dim')];
  return [paint('Columns', 'bold'), ...table(columns, rows, { paint, width: options.width }), ...rest];
}

function discrepancyLines(comparison: AnyComparison, options: RenderOptions, paint: Paint): string[] {
  const shown = comparison.discrepancies.slice(0, options.limit);
  if (shown.length === 0) return [];
  const keyHeader = visible(Object.keys(shown[0]?.key ?? {}).join(', '));
  const names = sideNames(comparison);
  const value = { shrinkTo: LONG_VALUE, least: LEAST_VALUE };
  const rowsWith = (most: number): TableCell[][] =>
    shown.flatMap((discrepancy) => rowsOf(discrepancy, comparison, most));
  const sized = rowsWith(LONG_VALUE).some((row) => (row[DIFFERENCE]?.text ?? '') !== '');
  const columns = [
    { header: keyHeader, shrinkTo: 24, least: 12 },
    { header: 'kind' },
    { header: 'column', shrinkTo: 14, least: 8 },
    { header: names.batch, align: 'right' as const, ...value },
    { header: '' },
    { header: names.stream, ...value },
    { header: sized ? 'difference' : '', align: 'right' as const },
  ];
  // As much of the values as there is room for.
  const most = WHOLE_VALUES.find((one) => fits(columns, rowsWith(one), options.width));
  const rows = rowsWith(most ?? LONG_VALUE);
  const lines = table(columns, rows, { paint, width: options.width });
  const causes = shown
    .filter(({ cause }) => cause !== null)
    .flatMap((discrepancy) => bullet(`${keyText(discrepancy.key)}: ${discrepancy.cause ?? ''}`, options, paint));
  const all = Math.max(discrepancyCount(comparison), shown.length);
  const title =
    shown.length === all
      ? counted(all, 'discrepancy', 'discrepancies')
      : `First ${grouped(shown.length)} of ${stoppedEarly(comparison) ? 'at least ' : ''}${counted(all, 'discrepancy', 'discrepancies')}`;
  return [paint(title, 'bold'), ...lines, ...causes, ...sinceLines(comparison, shown, paint)];
}

/** The lines of one discrepancy: its key and kind stand on the first only. */
function rowsOf(discrepancy: Discrepancy, comparison: AnyComparison, most: number): TableCell[][] {
  const head: TableCell[] = [
    { text: keyText(discrepancy.key) },
    { text: kindLabel(discrepancy.kind, comparison), style: 'red' },
  ];
  const missing = ['missing_in_stream', 'missing_in_batch', 'null_key'].includes(discrepancy.kind);
  const value = (text: string): TableCell => (missing && text === NO_ROW ? { text, style: 'dim' } : { text });
  const differences = differencesOf(discrepancy);
  if (differences.length === 0) return [head];
  const columns = Object.keys(discrepancy.columns);
  return differences.map(({ name, batch, stream }, index) => {
    const [left, right] = missing ? [batch, stream] : focused([batch, stream], most);
    return [
      ...(index === 0 ? head : [{ text: '' }, { text: '' }]),
      { text: name },
      value(left),
      { text: '->', style: 'dim' },
      value(right),
      { text: differenceOf(columns[index] ?? '', discrepancy, comparison) },
    ];
  });
}

/** Only for columns of numbers: a text that looks like one has no difference. */
function differenceOf(name: string, discrepancy: Discrepancy, comparison: AnyComparison): string {
  const pair = discrepancy.columns[name];
  if (discrepancy.kind !== 'value_mismatch' || pair === undefined) return '';
  if ((comparison.columns[name]?.max_abs_difference ?? null) === null) return '';
  const difference = signedDifference(pair.batch, pair.stream);
  return difference === null ? '' : shortDifference(difference);
}

/** With up to six significant digits; a difference that was rounded says so. */
function shortDifference(difference: string): string {
  const rounded = Number(difference).toPrecision(6);
  const short =
    difference.length <= 10 || !difference.includes('.') || rounded.includes('e')
      ? difference
      : `~${difference.startsWith('+') ? '+' : ''}${rounded}`;
  const [, sign = '', digits = ''] = /^(~?[+-]?)(.*)$/.exec(short) ?? [];
  return `${sign}${grouped(digits)}`;
}

function sinceLines(comparison: AnyComparison, shown: readonly Discrepancy[], paint: Paint): string[] {
  const known = shown.filter(
    ({ first_seen: seen }) => seen !== null && seen.comparison_id !== comparison.comparison_id,
  );
  const oldest = known.map(({ first_seen: seen }) => seen?.at ?? '').sort()[0];
  if (oldest === undefined) return [];
  const text = `  ${grouped(known.length)} of the ${grouped(shown.length)} shown differed before, since ${oldest} at the longest`;
  return [paint(visible(text), 'dim')];
}

function footLines(comparison: Comparison, paint: Paint): string[] {
  const all = discrepancyCount(comparison);
  const { plan, timing, alignment } = comparison;
  const facts = [
    `comparison ${comparison.comparison_id} at ${comparison.finished_at}`,
    `${alignment.method}${alignment.exact ? ' at an exact cut' : ', not exact'}, ${plan.strategy} (${plan.reason})`,
    `${formatElapsed(timing.total)}: batch job ${formatElapsed(timing.batch_job)}, publish ${formatElapsed(timing.publish)}, diff ${formatElapsed(timing.diff)}`,
  ].map((fact) => paint(`  ${visible(fact)}`, 'dim'));
  if (all === 0) return facts;
  const hint = `cutover report ${comparison.pipeline} --comparison ${comparison.comparison_id} --limit ${String(all)} --format json`;
  return [...facts, `  go on: ${paint(visible(hint), 'cyan')}`];
}
