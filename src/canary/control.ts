import type { AuditEntry, CanaryAction, CanaryState } from '../model/canary.js';
import type { Clock } from '../model/ports.js';
import type { SqlSession } from '../store/contract.js';
import { transition, type Refusal, type TransitionContext } from './machine.js';
import { applyChange, loadCanary } from './repository.js';
import { initialState } from './state.js';

export interface ControlOptions {
  /** Not in a transaction. */
  readonly session: SqlSession;
  readonly clock: Clock;
  readonly pipeline: string;
  /** The plan's salt, for a canary that was never touched. */
  readonly salt: string;
  readonly action: CanaryAction;
  /** The facts for a state just read; asked again for each attempt. */
  readonly context: (state: CanaryState) => Promise<TransitionContext>;
  /** In the transaction that stores the new state: makes readers follow it (the served view). */
  readonly follow: (session: SqlSession, next: CanaryState) => Promise<void>;
  /** `cutover run` decided on this version: any other is a conflict. Undefined: the state as it is now. */
  readonly expectedVersion?: number;
}

export type ControlResult =
  | {
      readonly kind: 'applied';
      readonly state: CanaryState;
      readonly audit: AuditEntry;
      readonly message: string;
      readonly context: TransitionContext;
    }
  | (Refusal & { readonly state: CanaryState; readonly context: TransitionContext })
  | { readonly kind: 'conflict'; readonly state: CanaryState };

/** How often a rollback tries again, and the longest wait between two attempts (ms): together about 20 s. */
const ATTEMPTS = 100;
const LONGEST_WAIT = 200;

/**
 * Takes an action: reads the state, decides, stores. An abort beats a promotion: when somebody else changes the state at the same
 * time, `rollback` tries again on what they made of it, everything else gives way and reports the conflict.
 */
export async function controlCanary(options: ControlOptions): Promise<ControlResult> {
  const { session, clock, pipeline, action } = options;
  const attempts = action === 'rollback' ? ATTEMPTS : 1;
  for (let attempt = 1; ; attempt += 1) {
    const state =
      (await loadCanary(session, pipeline)) ?? initialState(pipeline, options.salt, clock.now().toISOString());
    // A rollback that was decided on an older version still holds: it asks nothing of the state.
    if (options.expectedVersion !== undefined && state.version !== options.expectedVersion && action !== 'rollback') {
      return { kind: 'conflict', state };
    }
    const context = await options.context(state);
    const outcome = transition(state, action, context);
    if (outcome.kind === 'refused') return { ...outcome, state, context };
    const result = await applyChange(session, {
      expectedVersion: state.version,
      next: outcome.state,
      audit: outcome.audit,
      follow: (within) => options.follow(within, outcome.state),
    });
    if (result.kind === 'applied')
      return { kind: 'applied', state: outcome.state, audit: outcome.audit, message: outcome.message, context };
    if (attempt >= attempts) return { kind: 'conflict', state: result.current ?? state };
    await clock.sleep(Math.min(LONGEST_WAIT, 5 * attempt));
  }
}
