import { discrepancyCount } from '../../model/comparison.js';
import { counted } from '../../model/counts.js';
import type { DiffReport } from '../../model/diff-report.js';
import { formatElapsed } from '../../model/duration.js';
import { visible } from '../cells.js';
import type { RenderOptions } from '../options.js';
import { sampleText } from '../wording.js';
import { wrapped } from './layout.js';
import type { Paint } from './paint.js';

export const PLACES: Readonly<Record<DiffReport['plan']['place'], string>> = {
  one_store: 'compared where both are',
  pulled: 'pulled into one place',
  digests_exchanged: 'digests exchanged',
};

/** What was compared, and how much of it is known. */
export function sideLines(report: DiffReport, options: RenderOptions, paint: Paint): string[] {
  const facts: [string, string][] = [
    ['left', report.sides.batch],
    ['right', report.sides.stream],
    ...(report.sampled === null ? [] : [['sample', sampleText(report.sampled)] satisfies [string, string]]),
    ...(report.stopped_early
      ? [
          ['early', 'stopped before the end: there may be more of each difference than is counted'] satisfies [
            string,
            string,
          ],
        ]
      : []),
    ...(report.alignment.exact ? [] : [['read', report.alignment.detail] satisfies [string, string]]),
  ];
  return facts.flatMap(([name, text]) =>
    wrapped(visible(text), Math.max(20, options.width - 10)).map((line, index) =>
      index === 0 ? `  ${paint(name.padEnd(6), 'dim')}  ${line}` : `${' '.repeat(10)}${line}`,
    ),
  );
}

/** How it was compared, and how to go on. */
export function diffFootLines(report: DiffReport, paint: Paint): string[] {
  const { plan, timing, alignment } = report;
  const all = discrepancyCount(report);
  const facts = [
    ...(alignment.exact ? [alignment.detail] : []),
    `${PLACES[plan.place]}: ${plan.place_reason}`,
    `${plan.strategy}: ${plan.reason}, ${counted(plan.candidates, 'row')} judged one by one`,
    `${formatElapsed(timing.total)}${timing.pull > 0 ? `: pull ${formatElapsed(timing.pull)}, diff ${formatElapsed(timing.diff)}` : ''}, finished at ${report.finished_at}`,
  ].map((fact) => paint(`  ${visible(fact)}`, 'dim'));
  if (all <= report.discrepancies.length) return facts;
  return [...facts, `  go on: the same command with ${paint(`--limit ${String(all)} --format csv`, 'cyan')}`];
}

/** The reasons that say more than the headline. */
export function furtherReasons(report: DiffReport): readonly string[] {
  const told = `${discrepancyCount(report)} of ${report.keys_compared + report.null_key} keys differ (`;
  return report.reasons.filter((reason) => report.verdict !== 'fail' || !reason.startsWith(told));
}
