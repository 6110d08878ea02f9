import type { Comparison } from '../model/comparison.js';
import type { CanaryReport } from '../model/results.js';
import { renderNdjson } from '../report/ndjson.js';
import { canaryLine } from '../report/table/canary.js';
import { comparisonLine, comparisonTable } from '../report/table/comparison.js';
import { painter } from '../report/table/paint.js';
import type { GlobalOptions } from './options.js';

/**
 * What a running `cutover run` says of one result: a line for people, and all of a comparison that did not pass; JSON lines for machines.
 * Formats that are one document come at the end, as a whole.
 */
export function liveText(result: Comparison | CanaryReport, options: GlobalOptions): string {
  const shape = { color: options.color, width: options.width, limit: options.shown };
  if (options.format === 'ndjson') return renderNdjson(result, shape);
  if (options.format !== 'table') return '';
  const paint = painter(options.color);
  if (result.schema === 'cutover.canary/v1') return `${canaryLine(result, paint)}\n`;
  return result.verdict === 'pass' ? `${comparisonLine(result, paint)}\n` : `${comparisonTable(result, shape)}\n`;
}
