import type { AppContext } from './context.js';
import { withProject, type OpenProject } from './open.js';
import { stateOf } from './served.js';
import { evaluateGate } from '../gate/evaluate.js';
import type { CanaryState } from '../model/canary.js';
import type { GatePurpose, GateResult } from '../model/gate.js';
import type { Pipeline } from '../model/project.js';
import type { ComparisonSummary } from '../model/results.js';
import { loadHistory } from '../store/state/comparisons.js';
import { countQuarantined } from '../store/state/landing.js';

/** Comparisons that the gate looks back on; a list cut short makes it stricter, never laxer. */
const HISTORY = 1000;

export function historyOf(open: OpenProject, pipeline: Pipeline): Promise<ComparisonSummary[]> {
  return loadHistory(open.session, pipeline.name, HISTORY);
}

/** The gate's answer from stored comparisons and the configuration as it is now. */
export async function gateOf(
  ctx: AppContext,
  open: OpenProject,
  pipeline: Pipeline,
  purpose: GatePurpose,
  state: CanaryState,
): Promise<GateResult> {
  return evaluateGate({
    pipeline: pipeline.name,
    purpose,
    config: pipeline.gate,
    deployed: open.evidenceOf(pipeline.name),
    history: await historyOf(open, pipeline),
    now: ctx.clock.now(),
    canary: state,
    quarantined: { count: await countQuarantined(open.session), limit: open.project.ingest.maxQuarantined },
    // A full comparison is due every `full_every`; twice that leaves room for the one that is about to be made.
    ...(pipeline.batch.partitionBy === undefined ? {} : { maxFullAge: 2 * pipeline.batch.partitionBy.fullEvery }),
  });
}

/** `cutover gate`: may the next step happen? Errors: PIPELINE_UNKNOWN. */
export function askGate(ctx: AppContext, name: string, purpose: GatePurpose): Promise<GateResult> {
  return withProject(ctx, async (open) => {
    const pipeline = open.pipeline(name);
    return gateOf(ctx, open, pipeline, purpose, await stateOf(open.session, pipeline, ctx.clock.now()));
  });
}
