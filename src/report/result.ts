import type { Route } from '../model/canary.js';
import type { Comparison } from '../model/comparison.js';
import type { DiffReport } from '../model/diff-report.js';
import type { GateResult } from '../model/gate.js';
import type { PlanReport } from '../model/plan-report.js';
import type {
  CanaryReport,
  DoctorResult,
  InitResult,
  QuarantineResult,
  RebuildResult,
  RunSummary,
} from '../model/results.js';
import type { ViewsResult } from '../model/view.js';

/** A route as it is printed: `cutover.route/v1`. */
export interface RouteResult extends Route {
  readonly schema: 'cutover.route/v1';
}

/** A comparison of a pipeline's sides, or of any two tables. */
export type AnyComparison = Comparison | DiffReport;

/** Everything that can be rendered; `schema` tells them apart. */
export type Result =
  | AnyComparison
  | RunSummary
  | RebuildResult
  | GateResult
  | CanaryReport
  | RouteResult
  | QuarantineResult
  | ViewsResult
  | DoctorResult
  | InitResult
  | PlanReport;

/** A comparison with no more than `limit` discrepancies; `discrepancies_listed` says how many are left. */
export function capped<T extends AnyComparison>(comparison: T, limit: number): T {
  if (comparison.discrepancies.length <= limit) return comparison;
  return { ...comparison, discrepancies: comparison.discrepancies.slice(0, limit), discrepancies_listed: limit };
}

/** The newest `limit` entries of a history that is in order of its versions, in whichever direction. */
export function newest<T extends { readonly version: number }>(history: readonly T[], limit: number): readonly T[] {
  return [...history].sort((a, b) => b.version - a.version).slice(0, limit);
}
