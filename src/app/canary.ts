import type { AppContext } from './context.js';
import { gateOf, historyOf } from './gate.js';
import { withProject, type OpenProject } from './open.js';
import { routingOf, servedColumns, showServed, stateOf } from './served.js';
import { controlCanary, type ControlResult } from '../canary/control.js';
import { dwell } from '../canary/dwell.js';
import { gatePurposeOf, type TransitionContext } from '../canary/machine.js';
import { canaryHistory } from '../canary/repository.js';
import type { CanaryAction, CanaryState } from '../model/canary.js';
import { CutoverError } from '../model/errors.js';
import type { Pipeline } from '../model/project.js';
import type { CanaryReport } from '../model/results.js';

export interface CanaryRequest {
  readonly actor: string;
  readonly reason: string | null;
  /** `approve` only: the step in percent. */
  readonly step?: number;
  /** The version that a controller decided on; undefined: whatever it is now. */
  readonly expectedVersion?: number;
}

/** Everything that a decision about the canary depends on, as it is now. */
export async function contextOf(
  ctx: AppContext,
  open: OpenProject,
  pipeline: Pipeline,
  action: CanaryAction,
  state: CanaryState,
  request: CanaryRequest,
): Promise<TransitionContext> {
  const purpose = gatePurposeOf(state, pipeline.canary, action);
  return {
    plan: pipeline.canary,
    gate: pipeline.gate,
    deployed: open.evidenceOf(pipeline.name),
    history: await historyOf(open, pipeline),
    gateResult: purpose === null ? null : await gateOf(ctx, open, pipeline, purpose, state),
    at: ctx.clock.now().toISOString(),
    actor: request.actor,
    reason: request.reason,
    ...(request.step === undefined ? {} : { approveStep: request.step }),
  };
}

/** Takes one action by compare-and-set: state, audit row and served view change together. A refusal is a result, not an error. */
export async function applyAction(
  ctx: AppContext,
  open: OpenProject,
  pipeline: Pipeline,
  action: CanaryAction,
  request: CanaryRequest,
): Promise<CanaryReport> {
  const { session, store, project } = open;
  const columns = await servedColumns(store, session, project.store.schemas, pipeline);
  const result = await controlCanary({
    session,
    clock: ctx.clock,
    pipeline: pipeline.name,
    salt: pipeline.canary.salt,
    action,
    context: (state) => contextOf(ctx, open, pipeline, action, state, request),
    follow: async (within, next) => {
      if (columns !== null) await showServed(store, within, project.store.schemas, pipeline, columns, next);
    },
    ...(request.expectedVersion === undefined ? {} : { expectedVersion: request.expectedVersion }),
  });
  if (result.kind === 'conflict') {
    throw new CutoverError(
      'CANARY_CONFLICT',
      `somebody else changed the canary of ${pipeline.name} at the same time: it is now in stage ${result.state.stage}, version ${result.state.version}`,
      'Look at `cutover canary status` and decide again.',
    );
  }
  return reportOf(open, pipeline, action, result);
}

async function reportOf(
  open: OpenProject,
  pipeline: Pipeline,
  action: string,
  result: Exclude<ControlResult, { kind: 'conflict' }>,
): Promise<CanaryReport> {
  const { state, context } = result;
  return {
    schema: 'cutover.canary/v1',
    pipeline: pipeline.name,
    action,
    applied: result.kind === 'applied',
    message: result.kind === 'applied' ? result.message : result.reason,
    refusal: result.kind === 'applied' ? null : result.cause,
    state: await routingOf(open.store, open.session, pipeline, state),
    plan: pipeline.canary,
    dwell: dwell(state, pipeline.canary, context),
    gate: context.gateResult,
    history: await canaryHistory(open.session, pipeline.name, 20),
  };
}

/** `status` and `history`: the state as it is, with the gate's answer for the next step. */
export async function canaryStatus(
  ctx: AppContext,
  open: OpenProject,
  pipeline: Pipeline,
  action: 'status' | 'history',
): Promise<CanaryReport> {
  const state = await stateOf(open.session, pipeline, ctx.clock.now());
  const next =
    state.stage === 'shadow' || state.stage === 'rolled_back'
      ? 'start'
      : state.stage === 'cutover'
        ? 'complete'
        : 'advance';
  const context = await contextOf(ctx, open, pipeline, next, state, { actor: ctx.actor, reason: null });
  return {
    schema: 'cutover.canary/v1',
    pipeline: pipeline.name,
    action,
    applied: true,
    message: state.reason ?? '',
    refusal: null,
    state: await routingOf(open.store, open.session, pipeline, state),
    plan: pipeline.canary,
    dwell: dwell(state, pipeline.canary, context),
    gate: context.gateResult,
    history: await canaryHistory(open.session, pipeline.name, action === 'history' ? undefined : 5),
  };
}

/** `cutover canary ...`. Errors: PIPELINE_UNKNOWN, CANARY_CONFLICT. */
export function canaryAction(
  ctx: AppContext,
  name: string,
  action: CanaryAction | 'status' | 'history',
  options: { reason?: string; step?: number },
): Promise<CanaryReport> {
  return withProject(ctx, (open) => {
    const pipeline = open.pipeline(name);
    if (action === 'status' || action === 'history') return canaryStatus(ctx, open, pipeline, action);
    return applyAction(ctx, open, pipeline, action, {
      actor: ctx.actor,
      reason: options.reason ?? null,
      ...(options.step === undefined ? {} : { step: options.step }),
    });
  });
}
