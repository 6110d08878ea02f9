import type { Comparison } from '../model/comparison.js';
import type { DiffReport } from '../model/diff-report.js';
import { formatElapsed } from '../model/duration.js';
import { jsonText } from './cells.js';
import type { Format, RenderOptions } from './options.js';
import { render } from './render.js';

/**
 * The text of a comparison of any two tables in a format.
 * SEAM: the renderers of comparisons are used for it as they are; what they say of pipelines is taken out.
 */
export function renderDiff(report: DiffReport, format: Format, options: RenderOptions): string {
  const discrepancies = report.discrepancies.slice(0, options.limit);
  const shown = { ...report, discrepancies, discrepancies_listed: discrepancies.length };
  switch (format) {
    case 'json':
      return `${jsonText(shown, 2)}\n`;
    case 'ndjson': {
      const { discrepancies: listed, ...summary } = shown;
      const lines = listed.map((one) => ({
        schema: 'cutover.discrepancy/v1',
        pipeline: null,
        comparison_id: null,
        ...one,
      }));
      return [summary, ...lines].map((line) => `${jsonText(line)}\n`).join('');
    }
    case 'table':
      return render(asComparison(shown), format, options)
        .replace(', nothing was read yet', '')
        .replace(/^.*comparison [^\n]*\n[^\n]*at an exact cut[^\n]*\n[^\n]*batch job[^\n]*\n/m, `${foot(report)}\n`)
        .replace(/^.*go on: [^\n]*\n/m, '');
    default:
      return render(asComparison(shown), format, options).replaceAll(', nothing was read yet', '');
  }
}

function foot({ plan, alignment, timing, sampled, stopped_early: stopped }: DiffReport): string {
  return [
    ...(sampled === null ? [] : [`  sample: ${sampled.share * 100}% of the keys were compared`]),
    ...(stopped ? ['  stopped early: the counts of differences are lower bounds'] : []),
    `  ${alignment.detail}`,
    `  ${plan.strategy} (${plan.reason}); ${plan.place_reason}`,
    `  ${formatElapsed(timing.total)}: reading ${formatElapsed(timing.pull)}, comparing ${formatElapsed(timing.diff)}`,
  ].join('\n');
}

function asComparison(report: DiffReport): Comparison {
  return {
    ...report,
    pipeline: `${report.sides.batch} -> ${report.sides.stream}`,
    comparison_id: '',
    cut: {},
    alignment: { method: 'snapshot', exact: true },
    scope: { full: true },
    quarantined: 0,
    evidence: { batch: '', stream: '', rules: '' },
    timing: { batch_job: 0, publish: 0, diff: report.timing.diff, total: report.timing.total },
    reused_from: null,
  };
}
