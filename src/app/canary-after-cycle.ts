import { applyAction, contextOf } from './canary.js';
import type { AppContext } from './context.js';
import type { OpenProject } from './open.js';
import { stateOf } from './served.js';
import { decide } from '../canary/decide.js';
import type { Comparison } from '../model/comparison.js';
import { CutoverError } from '../model/errors.js';
import type { Pipeline } from '../model/project.js';
import type { CanaryReport } from '../model/results.js';
import type { SqlSession } from '../store/contract.js';

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
  await refreshReshaped(open);
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

/** What a cycle does in its transaction when a batch table got other columns. */
export function onReshaped(open: OpenProject): (session: SqlSession, pipeline: Pipeline) => Promise<void> {
  return async (session, pipeline) => {
    await open.refreshServed(session, pipeline);
    open.reshaped.add(pipeline);
  };
}

/** A cycle's snapshot may have been older than the canary's last change: the views that it made are made once more, from the state as it is now. */
async function refreshReshaped(open: OpenProject): Promise<void> {
  for (const pipeline of open.reshaped) {
    await open.session.transaction(() => open.refreshServed(open.session, pipeline), 'current');
    open.reshaped.delete(pipeline);
  }
}
