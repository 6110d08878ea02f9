import type { CanaryAction, CanaryState, Stage } from '../model/canary.js';
import type { GatePurpose, GateResult } from '../model/gate.js';
import type { CanaryPlan } from '../model/project.js';
import { BUCKETS } from './bucket.js';
import { dwell, passesSince, type DwellFacts } from './dwell.js';
import { percentOfShare, planHash, shareOfPercent, stageAt } from './plan.js';

/** Everything an action depends on besides the state. */
export interface TransitionContext extends DwellFacts {
  readonly plan: CanaryPlan;
  /** The gate's answer for `gatePurposeOf(state, plan, action)`; null where none is needed. */
  readonly gateResult: GateResult | null;
  /** ISO 8601 */
  readonly at: string;
  /** Who acts: a user name, or `cutover run`. */
  readonly actor: string;
  /** Why, in the actor's words. */
  readonly reason: string | null;
  /** `approve` only: the step (percent); undefined: the next step that needs an approval. */
  readonly approveStep?: number;
}

/** What stands in the way: the stage, nothing left to do, the gate, the dwell, an approval, or a changed plan. */
export type RefusalCause = 'stage' | 'already' | 'gate' | 'dwell' | 'approval' | 'plan';

export interface Refusal {
  readonly kind: 'refused';
  readonly code: 'CANARY_REFUSED' | 'CANARY_PLAN_CHANGED';
  readonly cause: RefusalCause;
  /** One line, with the numbers. */
  readonly reason: string;
}

/** The fields an action changes, and what to tell the user. */
export interface Change {
  readonly kind: 'change';
  readonly change: Partial<Omit<CanaryState, 'pipeline' | 'version'>>;
  readonly message: string;
}

export type Rule = (state: CanaryState, context: TransitionContext) => Change | Refusal;

export function refused(cause: RefusalCause, reason: string): Refusal {
  return { kind: 'refused', code: cause === 'plan' ? 'CANARY_PLAN_CHANGED' : 'CANARY_REFUSED', cause, reason };
}

/** A table entry for an action that makes no sense in a stage. */
export function never(cause: 'stage' | 'already', reason: string): Rule {
  return () => refused(cause, reason);
}

/** The gate that an action asks; null for actions that are always free. */
export function gatePurposeOf(
  state: Pick<CanaryState, 'stage' | 'step'>,
  plan: CanaryPlan,
  action: CanaryAction,
): GatePurpose | null {
  if (action === 'complete') return 'decommission';
  if (action !== 'start' && action !== 'advance') return null;
  const next = plan.steps[action === 'start' ? 0 : state.step + 1];
  return next !== undefined && stageAt(next) === 'cutover' ? 'cutover' : 'advance';
}

export const start: Rule = (state, context) => {
  if (state.stage === 'rolled_back' && passesSince(state.entered_comparison, context) === 0) {
    const since = state.entered_comparison === null ? '' : ` (comparison ${state.entered_comparison})`;
    return refused(
      'gate',
      `no comparison with new events has passed since the rollback${since}: a pass at a later cut than that one is needed first`,
    );
  }
  return moveTo(0, 'start', state, context);
};

export const advance: Rule = (state, context) => {
  if (state.plan_hash !== planHash(context.plan)) return planChanged();
  const { completed, required } = dwell(state, context.plan, context);
  if (completed < required) {
    return refused(
      'dwell',
      `${completed} of ${required} passing cycles completed at ${percentOfShare(state.share_ppm)}%`,
    );
  }
  return moveTo(state.step + 1, 'advance', state, context);
};

export const hold: Rule = (state, context) => ({
  kind: 'change',
  change: { stage: 'held', held_from: state.stage === 'cutover' ? 'cutover' : 'canary', reason: context.reason },
  message: `held at ${percentOfShare(state.share_ppm)}%`,
});

export const resume: Rule = (state, context) => ({
  kind: 'change',
  change: { stage: state.held_from ?? 'canary', held_from: null, reason: context.reason },
  message: `resumed at ${percentOfShare(state.share_ppm)}%`,
});

/** Asks nothing and nobody: a rollback is always reachable. */
export const rollBack: Rule = (state, context) => ({
  kind: 'change',
  change: {
    stage: 'rolled_back',
    step: -1,
    share_ppm: 0,
    approvals: [],
    held_from: null,
    entered_comparison: context.history[0]?.comparison_id ?? null,
    entered_at: context.at,
    reason: context.reason,
  },
  message:
    `rolled back from ${percentOfShare(state.share_ppm)}% to 0%` +
    (state.stage === 'complete'
      ? '; the batch job was retired, so the batch side may be stale: run it before readers rely on it'
      : ''),
});

export const complete: Rule = (state, context) => {
  const closed = gateClosed(state, 'complete', context);
  if (closed !== null) return closed;
  return {
    kind: 'change',
    change: { stage: 'complete', ...entered(context) },
    message: 'complete: the batch job may be retired',
  };
};

export const approve: Rule = (state, context) => {
  const { plan, approveStep } = context;
  if (state.plan_hash !== null && state.stage !== 'rolled_back' && state.plan_hash !== planHash(plan))
    return planChanged();
  const ahead = plan.approve.filter((step) => shareOfPercent(step) > state.share_ppm).sort((a, b) => a - b);
  const step = approveStep ?? ahead.find((candidate) => !isApproved(state, candidate));
  if (step === undefined) return refused('already', 'no step ahead waits for an approval');
  if (!plan.approve.includes(step))
    return refused('approval', `step ${step}% needs no approval (the plan asks for it at ${list(plan.approve)})`);
  if (!ahead.includes(step)) return refused('already', `step ${step}% was already taken`);
  if (isApproved(state, step)) return refused('already', `step ${step}% is already approved`);
  return {
    kind: 'change',
    change: { approvals: [...state.approvals, { step, by: context.actor, at: context.at }] },
    message: `step ${step}% is approved by ${context.actor}`,
  };
};

/** To a step of the plan: needs an approval where the plan asks for one, and an open gate. */
function moveTo(
  step: number,
  action: 'start' | 'advance',
  state: CanaryState,
  context: TransitionContext,
): Change | Refusal {
  const { plan } = context;
  const percent = plan.steps[step];
  if (percent === undefined) return refused('stage', `the plan has no step after ${percentOfShare(state.share_ppm)}%`);
  if (shareOfPercent(percent) <= state.share_ppm || shareOfPercent(percent) > BUCKETS) {
    return refused('stage', `step ${percent}% is not above ${percentOfShare(state.share_ppm)}%`);
  }
  if (plan.approve.includes(percent) && !isApproved(state, percent)) {
    return refused('approval', `step ${percent}% needs an approval: approve it first`);
  }
  const closed = gateClosed(state, action, context);
  if (closed !== null) return closed;
  const stage: Stage = stageAt(percent);
  return {
    kind: 'change',
    change: {
      stage,
      step,
      share_ppm: shareOfPercent(percent),
      reason: context.reason,
      ...entered(context),
      // A start pins the plan and its salt: both hold until the canary is rolled back.
      ...(action === 'start' ? { plan_hash: planHash(plan), salt: plan.salt } : {}),
    },
    message: `${percent}% of keys read the stream` + (stage === 'cutover' ? '; batch validates behind it' : ''),
  };
}

function gateClosed(state: CanaryState, action: CanaryAction, context: TransitionContext): Refusal | null {
  const { gateResult: gate, plan, history } = context;
  const purpose = gatePurposeOf(state, plan, action);
  if (gate === null) return refused('gate', `the gate was not asked (for ${purpose ?? action})`);
  if (gate.pipeline !== state.pipeline || gate.for !== purpose) {
    return refused(
      'gate',
      `the gate was asked for ${gate.pipeline}, ${gate.for}; needed is ${state.pipeline}, ${purpose ?? action}`,
    );
  }
  if (gate.verdict !== 'pass') return refused('gate', `the gate is ${gate.verdict}: ${gate.reasons.join('; ')}`);
  // A comparison that finished since the gate was asked could have failed.
  const newest = history[0]?.comparison_id ?? null;
  return gate.comparison_id === newest && newest !== null
    ? null
    : refused('gate', `the gate judged comparison ${gate.comparison_id ?? 'none'}, the newest is ${newest ?? 'none'}`);
}

function entered(context: TransitionContext): Pick<CanaryState, 'entered_comparison' | 'entered_at'> {
  return { entered_comparison: context.history[0]?.comparison_id ?? null, entered_at: context.at };
}

function isApproved(state: CanaryState, step: number): boolean {
  return state.approvals.some((approval) => approval.step === step);
}

function planChanged(): Refusal {
  return refused(
    'plan',
    'the canary plan changed since this canary was started: roll back and start anew, or restore the plan',
  );
}

function list(steps: readonly number[]): string {
  return steps.length === 0 ? 'no step' : steps.map((step) => `${step}%`).join(', ');
}
