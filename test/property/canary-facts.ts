import type { TransitionContext } from '../../src/canary/machine.js';
import { gatePurposeOf } from '../../src/canary/machine.js';
import { initialState } from '../../src/canary/state.js';
import { evaluateGate } from '../../src/gate/evaluate.js';
import type { CanaryAction, CanaryState } from '../../src/model/canary.js';
import type { Comparison, Evidence } from '../../src/model/comparison.js';
import type { CanaryPlan, GateConfig } from '../../src/model/project.js';
import type { ComparisonSummary } from '../../src/model/results.js';

/** Facts that the canary's tests share: a plan, a gate and comparisons that pass it. */

export const at = '2026-03-01T12:00:00.000Z';
export const deployed: Evidence = { batch: 'b', stream: 's', rules: 'r' };
export const gateConfig: GateConfig = { maxMismatchRate: 0, minKeys: 1, consecutivePasses: 1, maxAge: 3_600_000 };
export const plan: CanaryPlan = {
  steps: [1, 5, 25, 100],
  dwell: { cycles: 2 },
  approve: [25, 100],
  rollbackAt: 0.001,
  auto: false,
  salt: 'p',
};

export function summary(id: number, change: Partial<ComparisonSummary> = {}): ComparisonSummary {
  return {
    comparison_id: String(id),
    verdict: 'pass',
    cut: { '0': String(id * 10) },
    full: true,
    reused_from: null,
    finished_at: at,
    evidence: deployed,
    keys_compared: 100,
    mismatch_rate: 0,
    ...change,
  };
}

/** Passing comparisons with the ids `count` to 1, newest first. */
export function passes(count: number): ComparisonSummary[] {
  return Array.from({ length: count }, (_, index) => summary(count - index));
}

export function stateIn(change: Partial<CanaryState> = {}): CanaryState {
  return { ...initialState('p', plan.salt, at), ...change };
}

/** The context of an action, with the gate's true answer. */
export function contextFor(
  state: CanaryState,
  action: CanaryAction,
  history: readonly ComparisonSummary[],
  change: Partial<TransitionContext> = {},
): TransitionContext {
  const used = change.plan ?? plan;
  const purpose = gatePurposeOf(state, used, action);
  const gateResult =
    purpose === null
      ? null
      : evaluateGate({
          pipeline: state.pipeline,
          purpose,
          config: gateConfig,
          deployed,
          history,
          now: new Date(at),
          canary: state,
        });
  return { plan: used, gate: gateConfig, deployed, history, gateResult, at, actor: 'ann', reason: null, ...change };
}

export function comparison(change: Partial<Comparison> = {}): Comparison {
  return {
    schema: 'cutover.comparison/v1',
    pipeline: 'p',
    comparison_id: '9',
    verdict: 'pass',
    reasons: [],
    cut: { '0': '90' },
    alignment: { method: 'snapshot', exact: true },
    scope: { full: true },
    started_at: at,
    finished_at: at,
    quarantined: 0,
    columns: {},
    discrepancies: [],
    discrepancies_listed: 0,
    lossy: [],
    notes: [],
    evidence: deployed,
    plan: { strategy: 'digest', reason: '', candidates: 0 },
    timing: { batch_job: 0, publish: 0, diff: 0, total: 0 },
    reused_from: null,
    batch_rows: 100,
    stream_rows: 100,
    keys_compared: 100,
    matched: 100,
    tolerated: 0,
    missing_in_stream: 0,
    missing_in_batch: 0,
    value_mismatch: 0,
    duplicate_key: 0,
    null_key: 0,
    in_flux: 0,
    mismatch_rate: 0,
    ...change,
  };
}
