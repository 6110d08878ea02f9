import type { GateResult } from '../model/gate.js';
import type { ViewReport } from '../model/view.js';
import { jsonText } from './cells.js';
import { limited } from './json.js';
import type { RenderOptions } from './options.js';
import type { AnyComparison, Result } from './result.js';

/** One JSON object a line: first the result without its list, then each item of the list with a `schema` of its own. */
export function renderNdjson(result: Result, options: RenderOptions): string {
  return objectsOf(limited(result, options.limit), options.brief === true)
    .map((object) => `${jsonText(object)}\n`)
    .join('');
}

function objectsOf(result: Result, brief: boolean): readonly object[] {
  switch (result.schema) {
    case 'cutover.comparison/v1':
      return comparisonObjects(result);
    case 'cutover.run/v1': {
      const { comparisons, views = [], ...summary } = result;
      return brief ? [summary] : [summary, ...comparisons.flatMap(comparisonObjects), ...views.map(viewObject)];
    }
    case 'cutover.gate/v1':
      return gateObjects(result);
    case 'cutover.canary/v1': {
      const { history, ...summary } = result;
      return [summary, ...history.map((entry) => ({ schema: 'cutover.audit/v1', ...entry }))];
    }
    case 'cutover.quarantine/v1': {
      const { records, ...summary } = result;
      return [summary, ...records.map((record) => ({ schema: 'cutover.record/v1', ...record }))];
    }
    case 'cutover.views/v1':
      return result.views.map(viewObject);
    case 'cutover.doctor/v1':
      return result.checks.map((check) => ({ schema: 'cutover.check/v1', ...check }));
    default:
      return [result];
  }
}

function viewObject(view: ViewReport): object {
  return { schema: 'cutover.view/v1', ...view };
}

function comparisonObjects(comparison: AnyComparison): readonly object[] {
  const { discrepancies, ...summary } = comparison;
  const { pipeline, comparison_id } = comparison;
  return [
    summary,
    ...discrepancies.map((discrepancy) => ({
      schema: 'cutover.discrepancy/v1',
      pipeline,
      comparison_id,
      ...discrepancy,
    })),
  ];
}

function gateObjects(gate: GateResult): readonly object[] {
  const { criteria, ...summary } = gate;
  const { pipeline } = gate;
  return [
    summary,
    ...criteria.map((criterion) => ({ schema: 'cutover.criterion/v1', pipeline, for: gate.for, ...criterion })),
  ];
}
