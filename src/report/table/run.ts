import { counted, grouped } from '../../model/counts.js';
import type { RunSummary } from '../../model/results.js';
import { visible } from '../cells.js';
import { percent } from '../numbers.js';
import type { RenderOptions } from '../options.js';
import { cutText, nothingCompared, verdictLabel } from '../wording.js';
import { discrepancyCount } from '../../model/comparison.js';
import { comparisonTable, listLines } from './comparison.js';
import { table } from './layout.js';
import type { TableCell } from './layout.js';
import { viewLines } from './views.js';
import { painter, verdictStyle } from './paint.js';
import type { Paint } from './paint.js';

/** A run for people: what was ingested, one line for each pipeline, then every comparison that did not pass in full. */
export function runTable(run: RunSummary, options: RenderOptions): string {
  const paint = painter(options.color);
  const ingested = `${counted(run.events, 'event')} in ${counted(run.micro_batches, 'micro-batch', 'micro-batches')}`;
  const quarantined = run.quarantined === 0 ? '' : `, ${grouped(run.quarantined)} in quarantine`;
  const verdict = paint(verdictLabel(run.verdict), 'bold', verdictStyle(run.verdict));
  const rows = run.comparisons.map((comparison): TableCell[] => [
    { text: visible(comparison.pipeline) },
    { text: verdictLabel(comparison.verdict), style: verdictStyle(comparison.verdict) },
    { text: grouped(comparison.keys_compared) },
    { text: grouped(discrepancyCount(comparison)) },
    { text: percent(comparison.mismatch_rate) },
    { text: grouped(comparison.tolerated) },
  ]);
  const columns = [
    { header: 'pipeline', shrinkTo: 12 },
    { header: 'verdict' },
    { header: 'keys', align: 'right' as const },
    { header: 'differing', align: 'right' as const },
    { header: 'rate', align: 'right' as const },
    { header: 'tolerated', align: 'right' as const },
  ];
  const overview =
    rows.length === 0 ? [`  ${visible(nothingCompared(run))}`] : table(columns, rows, { paint, width: options.width });
  const head = `${verdict} ${paint(visible(`${ingested}${quarantined}, cut ${cutText(run.cut)}`), 'bold')}`;
  const details = (options.brief === true ? [] : run.comparisons)
    .filter((comparison) => comparison.verdict !== 'pass')
    .map((comparison) => comparisonTable(comparison, options));
  const views = (run.views ?? []).length === 0 ? [] : [`${viewLines(run.views ?? [], options).join('\n')}\n`];
  const notes = options.brief === true ? [] : passNotes(run, options, paint);
  return [`${[head, '', ...overview].join('\n')}\n`, ...views, ...notes, ...details].join('\n');
}

/** What is to be known of those that pass: they are not shown in full. */
function passNotes(run: RunSummary, options: RenderOptions, paint: Paint): string[] {
  const notes = run.comparisons
    .filter(({ verdict }) => verdict === 'pass')
    .flatMap(({ pipeline, notes: own }) => own.map((note) => `${pipeline}: ${note}`));
  return notes.length === 0 ? [] : [`${listLines('Notes', notes, options, paint).join('\n')}\n`];
}
