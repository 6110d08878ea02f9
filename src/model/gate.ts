import type { Evidence } from './comparison.js';
import type { Verdict } from './verdict.js';

export type GatePurpose = 'advance' | 'cutover' | 'decommission';

export interface CriterionResult {
  readonly name: string;
  readonly verdict: Verdict;
  readonly observed: string | number | null;
  readonly required: string | number;
}

/** `cutover.gate/v1` */
export interface GateResult {
  readonly schema: 'cutover.gate/v1';
  readonly pipeline: string;
  readonly for: GatePurpose;
  readonly verdict: Verdict;
  readonly criteria: readonly CriterionResult[];
  readonly reasons: readonly string[];
  readonly comparison_id: string | null;
  readonly evidence: Evidence | null;
}
