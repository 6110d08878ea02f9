import { grouped } from '../../model/counts.js';
import type { CriterionResult, GateResult } from '../../model/gate.js';
import { exitCodeOf } from '../../model/verdict.js';
import { visible } from '../cells.js';
import type { RenderOptions } from '../options.js';
import { verdictLabel } from '../wording.js';
import { table, wrapped } from './layout.js';
import type { TableCell } from './layout.js';
import { painter, verdictMark, verdictStyle } from './paint.js';
import type { Paint } from './paint.js';

/** A gate's answer for people: the verdict, each criterion with what was observed and required, the reasons. */
export function gateTable(gate: GateResult, options: RenderOptions): string {
  const paint = painter(options.color);
  const verdict = paint(verdictLabel(gate.verdict), 'bold', verdictStyle(gate.verdict));
  const code = exitCodeOf(gate.verdict);
  const foot = `comparison ${gate.comparison_id ?? 'none'}${gate.evidence === null ? '' : `, evidence ${evidenceText(gate)}`}, exit code ${code}`;
  return [
    `${verdict} ${paint(visible(`${gate.pipeline}: gate for ${gate.for}`), 'bold')}`,
    ...reasonLines(gate.reasons, options, paint),
    '',
    ...criterionLines(gate.criteria, options, paint),
    '',
    paint(`  ${visible(foot)}`, 'dim'),
    '',
  ].join('\n');
}

/** The first characters of the hashes of both jobs and of the rules. */
function evidenceText(gate: GateResult): string {
  if (gate.evidence === null) return '';
  const { batch, stream, rules } = gate.evidence;
  return `batch ${batch.slice(0, 8)} stream ${stream.slice(0, 8)} rules ${rules.slice(0, 8)}`;
}

/** A rate in four significant digits: the exact one is in the JSON. */
function shown(observed: string | number): string {
  return typeof observed === 'number' && observed > 0 && observed < 1
    ? String(Number(observed.toPrecision(4)))
    : grouped(observed);
}

export function criterionLines(criteria: readonly CriterionResult[], options: RenderOptions, paint: Paint): string[] {
  const rows = criteria.map((criterion): TableCell[] => [
    { text: verdictMark(criterion.verdict), style: verdictStyle(criterion.verdict) },
    { text: visible(criterion.name) },
    { text: criterion.observed === null ? 'unknown' : visible(shown(criterion.observed)) },
    { text: visible(grouped(criterion.required)) },
  ]);
  const columns = [
    { header: '' },
    { header: 'criterion' },
    { header: 'observed', shrinkTo: 20 },
    { header: 'required', shrinkTo: 20 },
  ];
  return table(columns, rows, { paint, width: options.width });
}

export function reasonLines(reasons: readonly string[], options: RenderOptions, paint: Paint): string[] {
  return reasons.flatMap((reason) =>
    wrapped(visible(reason), Math.max(20, options.width - 4)).map((line, index) =>
      index === 0 ? `  ${paint('-', 'dim')} ${line}` : `    ${line}`,
    ),
  );
}
