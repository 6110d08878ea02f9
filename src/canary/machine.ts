import type { AuditEntry, CanaryAction, CanaryState, Stage } from '../model/canary.js';
import {
  advance,
  approve,
  complete,
  hold,
  never,
  resume,
  rollBack,
  start,
  type Refusal,
  type Rule,
  type TransitionContext,
} from './rules.js';

export { gatePurposeOf, type Refusal, type TransitionContext } from './rules.js';

/** A change that is allowed, not stored yet: `state.version` is one above the old one, `audit` is its row. */
export interface Moved {
  readonly kind: 'moved';
  readonly state: CanaryState;
  readonly audit: AuditEntry;
  /** One line for people. */
  readonly message: string;
}

export type Transition = Moved | Refusal;

const notStarted = 'the canary was not started';
const running = 'the canary is already running';
const notHeld = 'the canary is not held';
const held = 'the canary is held: resume it first';
const primary = 'every key reads the stream already; `complete` is what is left';
const retired = 'the migration is complete; only a rollback is left';
const rolledBack = 'the canary was rolled back: start it anew';

/** Every stage and every action: nothing is left to a default. */
const TABLE: Readonly<Record<Stage, Readonly<Record<CanaryAction, Rule>>>> = {
  shadow: {
    start,
    advance: never('stage', `${notStarted}: start it first`),
    hold: never('stage', notStarted),
    resume: never('stage', notHeld),
    rollback: never('already', `${notStarted}: every key reads batch`),
    approve,
    complete: never('stage', notStarted),
  },
  canary: {
    start: never('already', running),
    advance,
    hold,
    resume: never('stage', notHeld),
    rollback: rollBack,
    approve,
    complete: never('stage', 'not every key reads the stream yet: advance to 100% first'),
  },
  cutover: {
    start: never('already', running),
    advance: never('already', primary),
    hold,
    resume: never('stage', notHeld),
    rollback: rollBack,
    approve: never('already', primary),
    complete,
  },
  held: {
    start: never('stage', held),
    advance: never('stage', held),
    hold: never('already', 'the canary is already held'),
    resume,
    rollback: rollBack,
    approve,
    complete: never('stage', held),
  },
  complete: {
    start: never('stage', retired),
    advance: never('stage', retired),
    hold: never('stage', retired),
    resume: never('stage', notHeld),
    rollback: rollBack,
    approve: never('stage', retired),
    complete: never('already', 'the migration is already complete'),
  },
  rolled_back: {
    start,
    advance: never('stage', rolledBack),
    hold: never('stage', rolledBack),
    resume: never('stage', rolledBack),
    rollback: never('already', 'the canary is already rolled back: every key reads batch'),
    // Approvals ended with the rollback: without new ones a plan that asks for one at its first step could not start again.
    approve,
    complete: never('stage', rolledBack),
  },
};

/**
 * What an action does in a state: the next state with its audit row, or a refusal with its reason. Pure; stores nothing.
 *
 * @returns `refused` with the code CANARY_REFUSED or CANARY_PLAN_CHANGED; `cause` tells them apart further
 */
export function transition(state: CanaryState, action: CanaryAction, context: TransitionContext): Transition {
  const outcome = TABLE[state.stage][action](state, context);
  if (outcome.kind === 'refused') return outcome;
  const next: CanaryState = { ...state, ...outcome.change, version: state.version + 1 };
  return {
    kind: 'moved',
    state: next,
    audit: {
      pipeline: state.pipeline,
      version: next.version,
      at: context.at,
      actor: context.actor,
      action,
      from_stage: state.stage,
      to_stage: next.stage,
      from_share_ppm: state.share_ppm,
      to_share_ppm: next.share_ppm,
      reason: context.reason,
      comparison_id: context.gateResult?.comparison_id ?? context.history[0]?.comparison_id ?? null,
    },
    message: outcome.message,
  };
}
