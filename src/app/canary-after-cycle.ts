import { applyAction, contextOf } from './canary.js';
import type { AppContext } from './context.js';
import type { OpenProject } from './open.js';
import { stateOf } from './served.js';
import { decide } from '../canary/decide.js';
import type { Comparison } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import type { CanaryReport } from '../model/results.js';

/** Who stands in the audit for what cutover decides by itself. */
const CONTROLLER = 'cutover run';

/**
 * What the canaries do by themselves after a cycle: roll back where the comparison says so, advance where the plan is `auto` and the gate passes.
 * Losing a race against another controller is no error: that one acted on newer facts.
 */
export async function followCanary(
  ctx: AppContext,
  open: OpenProject,
  comparisons: readonly Comparison[],
): Promise<CanaryReport[]> {
  const reports: CanaryReport[] = [];
  for (const comparison of comparisons) {
    const pipeline = open.pipeline(comparison.pipeline);
    const state = await stateOf(open.session, pipeline, ctx.clock.now());
    if (state.stage === 'shadow' || state.stage === 'rolled_back') continue;
    const context = await contextOf(ctx, open, pipeline, 'advance', state, { actor: CONTROLLER, reason: null });
    const decision = decide(state, pipeline.canary, comparison, context.gateResult, context);
    if (decision === null) continue;
    try {
      const report = await applyAction(ctx, open, pipeline, decision.action, {
        actor: CONTROLLER,
        reason: decision.reason,
        expectedVersion: state.version,
      });
      if (report.applied) reports.push(report);
    } catch (error) {
      if (!(error instanceof CutoverError && error.code === 'CANARY_CONFLICT')) throw error;
      ctx.logger.warn({ pipeline: pipeline.name }, `canary ${decision.action} gave way: ${error.message}`);
    }
  }
  return reports;
}
