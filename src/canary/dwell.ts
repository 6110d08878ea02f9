import { comparisonsAfter, countOnce, cutsKnownAt, isAcceptable, sameEvidence } from '../gate/history.js';
import type { CanaryState } from '../model/canary.js';
import type { Evidence } from '../model/comparison.js';
import type { CanaryPlan, GateConfig } from '../model/project.js';
import type { ComparisonSummary } from '../model/results.js';

/** The comparisons that a step is judged by. */
export interface DwellFacts {
  /** Newest first. */
  readonly history: readonly ComparisonSummary[];
  readonly deployed: Evidence;
  readonly gate: GateConfig;
}

/**
 * How many passing cycles were completed since the current step was entered, and how many the plan asks for.
 * As in the gate, a cycle in which nothing arrived (a reused result, a cut compared before) is no evidence and not counted,
 * and neither is one by other code than is deployed.
 */
export function dwell(
  state: CanaryState,
  plan: CanaryPlan,
  facts: DwellFacts,
): { completed: number; required: number } {
  return { completed: passesSince(state.entered_comparison, facts), required: plan.dwell.cycles };
}

/** Passing comparisons by the deployed code at cuts that are new since the comparison `id`. */
export function passesSince(id: string | null, { history, deployed, gate }: DwellFacts): number {
  const seen = cutsKnownAt(history, id, deployed);
  const acceptance = { maxMismatchRate: gate.maxMismatchRate, acceptFailWithinRate: false };
  return comparisonsAfter(history, id)
    .toReversed()
    .filter(
      (comparison) =>
        sameEvidence(comparison.evidence, deployed) &&
        isAcceptable(comparison, acceptance) &&
        countOnce(comparison, seen),
    ).length;
}
